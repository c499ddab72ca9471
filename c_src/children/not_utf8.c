/* Prints every byte but the line feed, then that it is ready, with a carriage return as on a terminal. */
#include "child.h"

int main(int argc, char **argv)
{
    int byte;

    need_names(argc);
    for (byte = 0; byte < 256; byte++)
        if (byte != '\n')
            putchar(byte);
    printf("\n%s@%s ready\r\n", argv[1], argv[2]);
    fflush(stdout);
    serve();
    return 0;
}
