/* Starts three processes of its own: one obeys SIGTERM, one needs 100 ms for it, one ignores it. All keep the outputs
 * open. Then it is ready. It obeys SIGTERM at once, and leaves the three behind. With a fifth argument it exits with
 * status 5 after it was ready. */
#include "child.h"

static void slowly(int signal)
{
    (void)signal;
    usleep(100000);
    _exit(0);
}

int main(int argc, char **argv)
{
    int i;

    need_names(argc);
    for (i = 0; i < 3; i++) {
        pid_t pid = fork();
        if (pid < 0)
            return 1;
        if (pid == 0) {
            if (i == 1)
                signal(SIGTERM, slowly);
            if (i == 2)
                signal(SIGTERM, SIG_IGN);
            for (;;)
                pause();
        }
        printf("started %d\n", (int)pid);
    }
    usleep(20000);
    say_ready(argv);
    if (argc >= 6)
        return 5;
    serve();
    return 0;
}
