# Ends the process groups that a host has left behind. A line `+ N START` says that the group N is the host's, and when its
# first process started; `- N` says that it is gone. The end of stdin is the end of the host.
#
# A number that was free for a moment can be that of somebody else. So a group gets a signal only right after it was seen to
# be the host's: its first process is the one that was told of; or that is gone, and somebody in the group is of the session
# of the host and older than its end. Nobody else can have joined the group: its number is taken as long as it has members.
trap '' HUP INT QUIT TERM
while read -r what group start; do
    case $what in
        +) eval "group_$group=$start" ;;
        -) unset "group_$group" ;;
    esac
done

# What /proc/$1/stat says. The name of the process, in parentheses, may have spaces and line feeds.
look() {
    stat=
    while IFS= read -r part || [ -n "$part" ]; do
        stat="$stat $part"
    done <"/proc/$1/stat" || return 1
    set -- ${stat##*) }
    [ "$#" -ge 20 ] || return 1
    member_of=$3 session=$4 started=${20}
}

# A process that is started now is of the host's session, as this one is.
now=$(look self && echo "$session $started")
host_session=${now% *}
host_end=${now#* }
[ -n "$now" ] || exit 1

act() {
    still="$still $2"
    case $1 in
        term) kill -TERM "-$2" && kill -CONT "-$2" ;;
        kill) kill -KILL "-$2" ;;
    esac
}

# Does $1 to those of $left that are the host's; the others are let go of.
each() {
    still= leaderless=
    for group in $left; do
        kill -0 "-$group" || continue
        eval "start=\$group_$group"
        if look "$group"; then
            [ "$started" = "$start" ] && act "$1" "$group"
        else
            leaderless="$leaderless $group "
        fi
    done
    [ -z "$leaderless" ] || for process in /proc/[0-9]*; do
        look "${process#/proc/}" || continue
        case $leaderless in
            *" $member_of "*) ;;
            *) continue ;;
        esac
        [ "$session" = "$host_session" ] && [ "$started" -le "$host_end" ] || continue
        leaderless="${leaderless%% "$member_of" *} ${leaderless#* "$member_of" }"
        act "$1" "$member_of"
    done
    left=$still
}

left=$(set | sed -n 's/^group_\([0-9]*\)=.*/\1/p')
each term
round=0
while [ -n "$left" ] && [ "$round" -lt 25 ]; do
    sleep 0.2
    round=$((round + 1))
    each look
done
each kill
