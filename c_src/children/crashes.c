/* Is ready, and dies of a signal a little later. */
#include "child.h"

int main(int argc, char **argv)
{
    need_names(argc);
    say_ready(argv);
    usleep(20000);
    signal(SIGSEGV, SIG_DFL);
    raise(SIGSEGV);
    return 0;
}
