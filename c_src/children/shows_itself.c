/* Prints what it was given, and is ready: its arguments, folder, process group, one variable, and whether its stdin is
 * open. */
#include "child.h"
#include <poll.h>

int main(int argc, char **argv)
{
    struct pollfd in = {.fd = 0, .events = POLLIN};
    char folder[4096];
    const char *variable = getenv("SHOWN");
    const char *cookie = getenv("NODEX_COOKIE");
    int i;

    for (i = 1; i < argc; i++)
        printf("argument %d: %s\n", i, argv[i]);
    printf("folder: %s\n", getcwd(folder, sizeof folder) ? folder : "?");
    printf("leads its group: %s\n", getpgrp() == getpid() ? "yes" : "no");
    printf("SHOWN: %s\n", variable ? variable : "(not set)");
    printf("NODEX_COOKIE: %s\n", cookie ? cookie : "(not set)");
    printf("stdin: %s\n", poll(&in, 1, 0) == 0 ? "open" : "ended");
    need_names(argc);
    say_ready(argv);
    serve();
    return 0;
}
