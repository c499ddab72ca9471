/* Starts, says one thing, and is never ready. */
#include "child.h"

int main(int argc, char **argv)
{
    need_names(argc);
    printf("initialising %s@%s\n", argv[1], argv[2]);
    fflush(stdout);
    serve();
    return 0;
}
