/* A C node for recordings: `ei_peer connect <own> <peer> <cookie>` or `ei_peer accept <own> <cookie>`.
 * Both wait one second after the handshake, then leave. `accept` prints its port first. */
#include <arpa/inet.h>
#include <ei.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int init(ei_cnode *ec, const char *own, const char *cookie)
{
    char alive[256];
    struct in_addr addr;
    strncpy(alive, own, sizeof(alive) - 1);
    alive[sizeof(alive) - 1] = 0;
    *strchr(alive, '@') = 0;
    addr.s_addr = htonl(INADDR_LOOPBACK);
    return ei_connect_xinit(ec, "127.0.0.1", alive, own, &addr, cookie, 7);
}

int main(int argc, char **argv)
{
    ei_cnode ec;
    ErlConnect who;
    int fd;
    ei_init();
    if (argc == 5 && !strcmp(argv[1], "connect")) {
        if (init(&ec, argv[2], argv[4]) < 0) return 2;
        fd = ei_connect(&ec, argv[3]);
    } else if (argc == 4 && !strcmp(argv[1], "accept")) {
        int port = 0;
        int listener;
        if (init(&ec, argv[2], argv[3]) < 0) return 2;
        listener = ei_listen(&ec, &port, 1);
        printf("%d\n", port);
        fflush(stdout);
        fd = ei_accept(&ec, listener, &who);
    } else {
        return 3;
    }
    if (fd < 0) {
        fprintf(stderr, "handshake failed: %d\n", erl_errno);
        return 1;
    }
    sleep(1);
    close(fd);
    return 0;
}
