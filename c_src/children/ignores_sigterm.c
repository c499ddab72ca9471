/* Ignores SIGTERM and the end of stdin: only SIGKILL ends it. With a fifth argument it is never ready either. */
#include "child.h"

int main(int argc, char **argv)
{
    need_names(argc);
    signal(SIGTERM, SIG_IGN);
    if (argc < 6)
        say_ready(argv);
    hang();
}
