# Ends the process groups that a host has left behind. A line `+ N` says that the group N is the host's, `- N` that it is
# gone. The end of stdin is the end of the host.
trap '' HUP INT QUIT TERM
while read -r what group; do
    case $what in
        +) eval "group_$group=1" ;;
        -) unset "group_$group" ;;
    esac
done
left=$(set | sed -n 's/^group_\([0-9]*\)=.*/\1/p')
for group in $left; do
    kill -TERM "-$group" && kill -CONT "-$group"
done
# A group that was empty once is not looked at again: its number can be somebody else's then.
round=0
while [ -n "$left" ] && [ "$round" -lt 25 ]; do
    sleep 0.2
    round=$((round + 1))
    still=
    for group in $left; do
        kill -0 "-$group" && still="$still $group"
    done
    left=$still
done
for group in $left; do
    kill -KILL "-$group"
done
