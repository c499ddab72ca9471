/* Prints a line every few milliseconds, for ever, and is never ready. */
#include "child.h"

int main(int argc, char **argv)
{
    unsigned long count = 0;
    (void)argv;
    need_names(argc);
    for (;;) {
        if (printf("still busy %lu\n", count++) < 0 || fflush(stdout) != 0)
            return 1;
        usleep(2000);
    }
}
