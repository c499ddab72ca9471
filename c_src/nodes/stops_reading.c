/* Says that it is ready, and never reads from its socket. */
#include "node.h"

int main(int argc, char **argv)
{
    (void)join_host(argc, argv);
    hang();
}
