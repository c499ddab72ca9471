/* What the misbehaving children share. They take the four arguments of a node and never connect: they are for tests
 * of whoever starts, watches and stops processes. */
#ifndef CHILD_H
#define CHILD_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static inline void need_names(int argc)
{
    if (argc < 3) {
        fprintf(stderr, "usage: <sname> <hostname> [..]\n");
        exit(2);
    }
}

/* The ready line of a node. */
static inline void say_ready(char **argv)
{
    printf("%s@%s ready\n", argv[1], argv[2]);
    fflush(stdout);
}

/* Sleeps until the end of stdin or SIGTERM, as a good node does. */
static inline void serve(void)
{
    char byte;
    while (read(0, &byte, 1) > 0)
        ;
}

/* Sleeps whatever happens. */
static inline void hang(void)
{
    for (;;)
        pause();
}

#endif
