/* Answers, until it is told to `close`: then it closes its connection and goes on running. */
#include "node.h"

static void handle(int fd, erlang_msg *message, ei_x_buff *request)
{
    if (is_named(request, "close")) {
        close(fd);
        hang();
    }
    pong(fd, &message->from, request);
}

int main(int argc, char **argv)
{
    serve(argc, argv, handle);
}
