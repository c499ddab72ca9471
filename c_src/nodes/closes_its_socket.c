/* Answers, until it is told to `close`: then it closes its connection and goes on running. */
#include "node.h"

int main(int argc, char **argv)
{
    int fd = join_host(argc, argv);
    erlang_msg message;
    ei_x_buff request;

    ei_x_new(&request);
    for (;;) {
        next_message(fd, &message, &request);
        if (is_named(&request, "close")) {
            close(fd);
            hang();
        }
        pong(fd, &message.from, &request);
    }
}
