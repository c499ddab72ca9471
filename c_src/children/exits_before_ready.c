/* Complains on both outputs and exits with status 3. */
#include "child.h"

int main(int argc, char **argv)
{
    need_names(argc);
    printf("initialising %s@%s\n", argv[1], argv[2]);
    fflush(stdout);
    fprintf(stderr, "cannot go on\n");
    return 3;
}
