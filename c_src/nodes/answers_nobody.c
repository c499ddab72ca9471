/* Sends every answer to a process of the host that does not exist. */
#include "node.h"

int main(int argc, char **argv)
{
    int fd = join_host(argc, argv);
    erlang_msg message;
    ei_x_buff request;

    ei_x_new(&request);
    for (;;) {
        next_message(fd, &message, &request);
        message.from.num ^= 0x5555;
        pong(fd, &message.from, &request);
    }
}
