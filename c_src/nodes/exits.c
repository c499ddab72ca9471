/* Answers, until it is told `{exit, Status}`: then it exits with that status at once. */
#include "node.h"

static void handle(int fd, erlang_msg *message, ei_x_buff *request)
{
    if (is_named(request, "exit")) {
        char atom[MAXATOMLEN];
        long status = 0;
        int index = 0, version = 0, arity = 0;

        if (ei_decode_version(request->buff, &index, &version) == 0
            && ei_decode_tuple_header(request->buff, &index, &arity) == 0 && arity == 2
            && ei_decode_atom(request->buff, &index, atom) == 0)
            (void)ei_decode_long(request->buff, &index, &status);
        exit((int)status);
    }
    pong(fd, &message->from, request);
}

int main(int argc, char **argv)
{
    serve(argc, argv, handle);
}
