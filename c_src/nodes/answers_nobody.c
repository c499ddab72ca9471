/* Sends every answer to a process of the host that does not exist. */
#include "node.h"

static void handle(int fd, erlang_msg *message, ei_x_buff *request)
{
    message->from.num ^= 0x5555;
    pong(fd, &message->from, request);
}

int main(int argc, char **argv)
{
    serve(argc, argv, handle);
}
