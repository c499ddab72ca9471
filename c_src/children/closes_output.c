/* Closes both outputs and goes on; it says that it is ready before, or, with a fifth argument, never. */
#include "child.h"

int main(int argc, char **argv)
{
    need_names(argc);
    if (argc < 6)
        say_ready(argv);
    close(1);
    close(2);
    serve();
    return 0;
}
