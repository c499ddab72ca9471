/* Answers, until it is asked to `hang`: that call never ends, and nothing is read any more, not even ticks. */
#include "node.h"

static void handle(int fd, erlang_msg *message, ei_x_buff *request)
{
    if (is_named(request, "hang"))
        hang();
    pong(fd, &message->from, request);
}

int main(int argc, char **argv)
{
    serve(argc, argv, handle);
}
