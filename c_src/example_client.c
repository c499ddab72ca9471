/*
 * A C node on ei.h, the yardstick for the Rust nodes of this project.
 *
 *     example_client <sname> <hostname> <cookie> <tname>
 *
 * It connects out to <tname>@<hostname> as the hidden node <sname>@<hostname>, never listens and
 * never registers in epmd. `{ping, Term}`, sent to any name, is answered with `{pong, Term}` to the
 * sender's pid; everything else with `{error, unknown_call}`. It exits with 0 when the link is
 * lost.
 */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ei.h"

/* What a BEAM grants a handshake (net_setuptime), here for epmd and connect too. */
#define CONNECT_DEADLINE_S 7

static int usage(const char *program)
{
    printf("usage: %s <sname> <hostname> <cookie> <tname>\n"
           "Connects to the Erlang node <tname>@<hostname> as <sname>@<hostname> and\n"
           "answers {ping, Term} with {pong, Term}.\n",
           program);
    return 0;
}

/*
 * ei's own time-outs count each read anew and lose the errno of a refused connect: one alarm is the
 * deadline instead.
 */
static void deadline_passed(int signal_number)
{
    static const char text[] = "cannot connect: no answer within 7 seconds\n";

    (void)signal_number;
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
        _exit(2);
    _exit(1);
}

static int connect_failed(const char *name, const char *target, int result, int error)
{
    fprintf(stderr, "%s: cannot connect to %s: ", name, target);
    if (result == ERL_NO_PORT && error == ECONNREFUSED)
        fprintf(stderr, "no epmd answers on that host\n");
    else if (result == ERL_NO_PORT && error == EIO)
        fprintf(stderr, "epmd does not know that node\n");
    else if (error == EHOSTUNREACH)
        fprintf(stderr, "unknown host\n");
    else if (result == ERL_ERROR && error == EIO)
        fprintf(stderr, "the handshake was refused: another cookie, this node's name in use there,"
                        " or missing capabilities\n");
    else
        fprintf(stderr, "%s\n", strerror(error));
    return 1;
}

/*
 * Where T begins in the payload `131, {ping, T}`, or 0 for any other payload. ei's decoders do not
 * know where the payload ends; what is read here before the end is compared lies within the first
 * 13 bytes, and ei_x_new() makes no buffer that small. T itself is not looked at: it goes back as
 * the bytes that came, however deep it nests.
 */
static int ping_argument(const char *payload, int length)
{
    char name[MAXATOMLEN_UTF8];
    int index = 0, version = 0, arity = 0, type = 0, size = 0;

    if (ei_decode_version(payload, &index, &version) < 0
        || ei_decode_tuple_header(payload, &index, &arity) < 0 || arity != 2)
        return 0;
    if (ei_get_type(payload, &index, &type, &size) < 0
        || type != ERL_ATOM_EXT || size != 4)
        return 0;
    if (ei_decode_atom_as(payload, &index, name, sizeof name, ERLANG_UTF8, NULL, NULL) < 0
        || strcmp(name, "ping") != 0)
        return 0;
    return index < length ? index : 0;
}

#ifdef WITH_GET
/*
 * For the benchmark: {get, Bytes} is answered with {got, Binary}. Gives 0 for any other payload.
 */
static int encode_got(ei_x_buff *reply, const char *payload)
{
    static char *zeros;
    static long size;
    char name[MAXATOMLEN_UTF8];
    int index = 0, version = 0, arity = 0, type = 0, length = 0;
    long bytes;

    if (ei_decode_version(payload, &index, &version) < 0
        || ei_decode_tuple_header(payload, &index, &arity) < 0 || arity != 2
        || ei_get_type(payload, &index, &type, &length) < 0 || type != ERL_ATOM_EXT || length != 3
        || ei_decode_atom_as(payload, &index, name, sizeof name, ERLANG_UTF8, NULL, NULL) < 0
        || strcmp(name, "get") != 0 || ei_decode_long(payload, &index, &bytes) < 0 || bytes < 0)
        return 0;
    if (bytes != size) {
        free(zeros);
        zeros = calloc(1, bytes + 1);
        size = zeros == NULL ? 0 : bytes;
    }
    reply->index = 0;
    if (zeros == NULL || ei_x_encode_version(reply) < 0 || ei_x_encode_tuple_header(reply, 2) < 0
        || ei_x_encode_atom(reply, "got") < 0
        || ei_x_encode_binary(reply, zeros, size) < 0)
        return -1;
    return 1;
}
#else
#define encode_got(reply, payload) 0
#endif

/* Fills `reply`, whose memory is used again for every message. */
static int encode_reply(ei_x_buff *reply, const ei_x_buff *request)
{
    int argument = ping_argument(request->buff, request->index);

    reply->index = 0;
    if (ei_x_encode_version(reply) < 0 || ei_x_encode_tuple_header(reply, 2) < 0)
        return -1;
    if (argument == 0)
        return ei_x_encode_atom(reply, "error") < 0 ? -1 : ei_x_encode_atom(reply, "unknown_call");
    if (ei_x_encode_atom(reply, "pong") < 0)
        return -1;
    return ei_x_append_buf(reply, request->buff + argument, request->index - argument);
}

/* Returns when the link is lost (0) or memory runs out (1). */
static int serve(int fd)
{
    erlang_msg message;
    ei_x_buff request, reply;

    if (ei_x_new(&request) < 0 || ei_x_new(&reply) < 0)
        return 1;
    for (;;) {
        int got, result = ei_xreceive_msg(fd, &message, &request);

        if (result == ERL_TICK) /* ei has answered it */
            continue;
        if (result != ERL_MSG)
            break;
        /* Only REG_SEND names its sender: a SEND has nobody to answer to, links carry no call. */
        if (message.msgtype != ERL_REG_SEND)
            continue;
        got = encode_got(&reply, request.buff);
        if (got < 0 || (got == 0 && encode_reply(&reply, &request) < 0)) {
            fprintf(stderr, "out of memory for a reply\n");
            return 1;
        }
        if (ei_send(fd, &message.from, reply.buff, reply.index) < 0)
            break;
    }
    ei_x_free(&request);
    ei_x_free(&reply);
    return 0;
}

int main(int argc, char **argv)
{
    char name[MAXNODELEN + 1], target[MAXNODELEN + 1];
    struct in_addr address = {.s_addr = htonl(INADDR_LOOPBACK)}; /* asked for by ei, never used */
    ei_cnode node;
    unsigned creation;
    int fd, error, status;

    if (argc != 5 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)
        return usage(argv[0]);

    const char *sname = argv[1], *hostname = argv[2], *cookie = argv[3], *tname = argv[4];
    if (snprintf(name, sizeof name, "%s@%s", sname, hostname) >= (int)sizeof name
        || snprintf(target, sizeof target, "%s@%s", tname, hostname) >= (int)sizeof target) {
        fprintf(stderr, "node names have at most %d characters\n", MAXNODELEN);
        return 1;
    }

    signal(SIGPIPE, SIG_IGN); /* a peer that is gone is an error of the write */
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("initialising %s\n", name);
    creation = (unsigned)time(NULL) ^ ((unsigned)getpid() << 16);
    if (ei_init() != 0
        || ei_connect_xinit(&node, hostname, sname, name, &address, cookie, creation) < 0) {
        fprintf(stderr, "%s: ei refuses this name or cookie\n", name);
        return 1;
    }

    printf("connecting to %s\n", target);
    signal(SIGALRM, deadline_passed);
    alarm(CONNECT_DEADLINE_S);
    fd = ei_connect(&node, target);
    error = erl_errno;
    alarm(0);
    if (fd < 0)
        return connect_failed(name, target, fd, error);

    printf("%s ready\n", name);
    status = serve(fd);
    ei_close_connection(fd);
    return status;
}
