import com.ericsson.otp.erlang.OtpConnection;
import com.ericsson.otp.erlang.OtpErlangAtom;
import com.ericsson.otp.erlang.OtpErlangExit;
import com.ericsson.otp.erlang.OtpErlangObject;
import com.ericsson.otp.erlang.OtpErlangTuple;
import com.ericsson.otp.erlang.OtpMsg;
import com.ericsson.otp.erlang.OtpPeer;
import com.ericsson.otp.erlang.OtpSelf;
import java.io.IOException;

/** What Jinterface makes of the same work: {ping, Term} is answered with {pong, Term}. */
public final class PingNode {
    private static final OtpErlangAtom PING = new OtpErlangAtom("ping");
    private static final OtpErlangAtom PONG = new OtpErlangAtom("pong");

    public static void main(String[] arguments) throws Exception {
        if (arguments.length != 4) {
            System.out.println("usage: PingNode <sname> <hostname> <cookie> <tname>");
            return;
        }
        String self = arguments[0] + "@" + arguments[1];
        String peer = arguments[3] + "@" + arguments[1];
        System.out.println("initialising " + self + "\nconnecting to " + peer);
        OtpConnection connection = new OtpSelf(self, arguments[2]).connect(new OtpPeer(peer));
        System.out.println(self + " ready");
        try {
            serve(connection);
        } catch (IOException | OtpErlangExit gone) {
            // The peer is gone, by whatever error it shows.
        }
        System.exit(0);
    }

    private static void serve(OtpConnection connection) throws Exception {
        while (true) {
            OtpMsg message = connection.receiveMsg();
            OtpErlangObject term = message.getMsg();
            if (term instanceof OtpErlangTuple pair && pair.arity() == 2 && pair.elementAt(0).equals(PING)) {
                OtpErlangObject[] answer = {PONG, pair.elementAt(1)};
                connection.send(message.getSenderPid(), new OtpErlangTuple(answer));
            }
        }
    }
}
