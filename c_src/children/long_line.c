/* Prints 1 MB without a line feed, then the line feed, then that it is ready. */
#include "child.h"

int main(int argc, char **argv)
{
    static char block[1000];
    int i;

    need_names(argc);
    memset(block, 'x', sizeof block);
    for (i = 0; i < 1000; i++)
        fwrite(block, 1, sizeof block, stdout);
    putchar('\n');
    say_ready(argv);
    serve();
    return 0;
}
