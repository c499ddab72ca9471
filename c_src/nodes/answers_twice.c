/* Sends every answer twice. */
#include "node.h"

static void handle(int fd, erlang_msg *message, ei_x_buff *request)
{
    pong(fd, &message->from, request);
    pong(fd, &message->from, request);
}

int main(int argc, char **argv)
{
    serve(argc, argv, handle);
}
