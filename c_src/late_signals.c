/* Preloaded into a program, this makes the moment wide in which it has just set a handler for SIGTERM: it writes the file
 * that $LATE_SIGNALS names, and the program goes on half a second later. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int sigaction(int number, const struct sigaction *action, struct sigaction *former)
{
    int (*real)(int, const struct sigaction *, struct sigaction *) = dlsym(RTLD_NEXT, "sigaction");
    int result = real(number, action, former);
    const char *path = getenv("LATE_SIGNALS");

    if (result == 0 && action && number == SIGTERM && action->sa_handler != SIG_DFL && path) {
        struct timespec left = { 0, 500 * 1000 * 1000 };
        int saved = errno;

        close(open(path, O_CREAT | O_WRONLY, 0600));
        /* The handler may interrupt it. */
        while (nanosleep(&left, &left) != 0 && errno == EINTR)
            ;
        errno = saved;
    }
    return result;
}
