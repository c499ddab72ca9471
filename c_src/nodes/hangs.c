/* Answers, until it is asked to `hang`: that call never ends, and nothing is read any more, not even ticks. */
#include "node.h"

int main(int argc, char **argv)
{
    int fd = join_host(argc, argv);
    erlang_msg message;
    ei_x_buff request;

    ei_x_new(&request);
    for (;;) {
        next_message(fd, &message, &request);
        if (is_named(&request, "hang"))
            hang();
        pong(fd, &message.from, &request);
    }
}
