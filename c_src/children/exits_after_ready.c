/* Is ready, and exits with status 7 at once, without a line feed after its last words. */
#include "child.h"

int main(int argc, char **argv)
{
    need_names(argc);
    say_ready(argv);
    printf("last words");
    return 7;
}
