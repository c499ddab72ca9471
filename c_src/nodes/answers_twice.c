/* Sends every answer twice. */
#include "node.h"

int main(int argc, char **argv)
{
    int fd = join_host(argc, argv);
    erlang_msg message;
    ei_x_buff request;

    ei_x_new(&request);
    for (;;) {
        next_message(fd, &message, &request);
        pong(fd, &message.from, &request);
        pong(fd, &message.from, &request);
    }
}
