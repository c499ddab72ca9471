/* Is ready, then is stopped as by SIGSTOP: it does nothing, not even what SIGTERM asks, until it is continued. */
#include "child.h"

int main(int argc, char **argv)
{
    need_names(argc);
    say_ready(argv);
    raise(SIGSTOP);
    serve();
    return 0;
}
