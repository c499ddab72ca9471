/* A child that exits before it ever becomes a node: what a host must notice and report. */

int main(void)
{
    return 0;
}
