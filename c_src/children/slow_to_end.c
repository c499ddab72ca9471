/* Needs 200 ms to put its house in order after SIGTERM, then says so and exits with status 0. */
#include "child.h"

static volatile sig_atomic_t asked;

static void on_term(int signal)
{
    (void)signal;
    asked++;
}

int main(int argc, char **argv)
{
    struct sigaction action;
    int rest = 200;

    need_names(argc);
    memset(&action, 0, sizeof action);
    action.sa_handler = on_term;
    sigaction(SIGTERM, &action, NULL);
    say_ready(argv);
    while (!asked)
        pause();
    while (rest-- > 0)
        usleep(1000);
    printf("asked %d time(s)\n", (int)asked);
    return 0;
}
