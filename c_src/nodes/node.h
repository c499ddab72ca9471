/* What the misbehaving nodes share: the four arguments, the lines, the connection, and `{ping, Term}` answered with
 * `{pong, Term}`. For tests of whoever starts, watches and calls nodes. */
#ifndef NODE_H
#define NODE_H

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ei.h"

/* Sleeps until a signal ends it. */
static inline void hang(void)
{
    for (;;)
        pause();
}

static inline int join_host(int argc, char **argv)
{
    char name[MAXNODELEN + 1], target[MAXNODELEN + 1];
    struct in_addr address = {.s_addr = htonl(INADDR_LOOPBACK)};
    static ei_cnode node;
    int fd;

    if (argc != 5) {
        fprintf(stderr, "usage: %s <sname> <hostname> <cookie> <tname>\n", argv[0]);
        exit(2);
    }
    if (snprintf(name, sizeof name, "%s@%s", argv[1], argv[2]) >= (int)sizeof name
        || snprintf(target, sizeof target, "%s@%s", argv[4], argv[2]) >= (int)sizeof target)
        exit(1);
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN);
    printf("initialising %s\n", name);
    if (ei_init() != 0
        || ei_connect_xinit(&node, argv[2], argv[1], name, &address, argv[3], (unsigned)time(NULL) ^ (unsigned)getpid() << 16) < 0)
        exit(1);
    printf("connecting to %s\n", target);
    fd = ei_connect(&node, target);
    if (fd < 0) {
        fprintf(stderr, "cannot connect to %s\n", target);
        exit(1);
    }
    printf("%s ready\n", name);
    return fd;
}

/* The next message; exits with 0 when the connection is lost. */
static inline void next_message(int fd, erlang_msg *message, ei_x_buff *request)
{
    for (;;) {
        int result = ei_xreceive_msg(fd, message, request);
        if (result == ERL_MSG && message->msgtype == ERL_REG_SEND)
            return;
        if (result != ERL_MSG && result != ERL_TICK)
            exit(0);
    }
}

/* Joins the host and hands over message by message, until the connection is lost. */
static inline void serve(int argc, char **argv, void (*handle)(int fd, erlang_msg *message, ei_x_buff *request))
{
    int fd = join_host(argc, argv);
    erlang_msg message;
    ei_x_buff request;

    ei_x_new(&request);
    for (;;) {
        next_message(fd, &message, &request);
        handle(fd, &message, &request);
    }
}

/* True if the message is `{Name, ..}` or the atom itself, also inside of a `$gen_cast`. */
static inline int is_named(const ei_x_buff *request, const char *name)
{
    char atom[MAXATOMLEN_UTF8];
    int index = 0, version = 0, arity = 0, again = 2;

    if (ei_decode_version(request->buff, &index, &version) < 0)
        return 0;
    while (again-- > 0) {
        (void)ei_decode_tuple_header(request->buff, &index, &arity);
        if (ei_decode_atom_as(request->buff, &index, atom, sizeof atom, ERLANG_UTF8, NULL, NULL) < 0)
            return 0;
        if (strcmp(atom, name) == 0)
            return 1;
        if (strcmp(atom, "$gen_cast") != 0)
            return 0;
    }
    return 0;
}

/* Sends `{pong, Term}` for `{ping, Term}`. */
static inline void pong(int fd, erlang_pid *to, const ei_x_buff *request)
{
    ei_x_buff reply;
    char atom[MAXATOMLEN_UTF8];
    int index = 0, version = 0, arity = 0;

    if (ei_decode_version(request->buff, &index, &version) < 0
        || ei_decode_tuple_header(request->buff, &index, &arity) < 0 || arity != 2
        || ei_decode_atom_as(request->buff, &index, atom, sizeof atom, ERLANG_UTF8, NULL, NULL) < 0
        || strcmp(atom, "ping") != 0)
        return;
    ei_x_new_with_version(&reply);
    ei_x_encode_tuple_header(&reply, 2);
    ei_x_encode_atom(&reply, "pong");
    ei_x_append_buf(&reply, request->buff + index, request->index - index);
    if (ei_send(fd, to, reply.buff, reply.index) < 0)
        exit(0);
    ei_x_free(&reply);
}

#endif
