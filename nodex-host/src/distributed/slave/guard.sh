# Ends what a slave has started and left behind. The end of stdin says that the slave is ending, by whatever cause;
# processes that it started carry the mark $1 in their environment, $2 is its own process. A number is only believed together
# with the mark: it can be that of somebody else by now.
while read -r line; do :; done
round=0
while grep -qsF "$1" "/proc/$2/environ" && [ "$round" -lt 600 ]; do
    sleep 0.1
    round=$((round + 1))
done
for round in 1 2 3; do
    for file in $(grep -slF "$1" /proc/[0-9]*/environ); do
        pid=${file#/proc/}
        pid=${pid%/environ}
        [ "$pid" = "$$" ] || { grep -qsF "$1" "$file" && kill -9 "$pid" 2>/dev/null; }
    done
done
