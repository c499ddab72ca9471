/* Prints as fast as it can, on both outputs, and is never ready. */
#include "child.h"

int main(int argc, char **argv)
{
    (void)argv;
    need_names(argc);
    for (;;) {
        if (write(1, "flood\n", 6) < 0 || write(2, "flood flood flood\n", 18) < 0)
            return 1;
    }
}
