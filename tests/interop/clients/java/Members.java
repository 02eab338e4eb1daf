import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Members of consumer groups that run until they are told to leave, and what happened to all of them, in order. */
final class Members {
    /** `what` is read, assigned, revoked or failed; `at` is ms of a monotonic clock. */
    record Event(String member, String what, int partition, long offset, long at) {}

    private final String bootstrap;
    private final Map<String, Member> members = new HashMap<>();
    private List<Event> events = new ArrayList<>();

    Members(String bootstrap) {
        this.bootstrap = bootstrap;
    }

    void join(Driver.Command c) {
        members.put(c.member(), new Member(bootstrap, c, this));
    }

    void leave(String member) throws Exception {
        members.remove(member).leave();
    }

    /** Has the member do nothing for a while before it polls again, as if it were busy with a record. */
    void stall(String member, long ms) {
        members.get(member).stall(ms);
    }

    synchronized void tell(String member, String what, int partition, long offset) {
        events.add(new Event(member, what, partition, offset, System.nanoTime() / 1_000_000));
    }

    /** What happened since this was asked last. */
    synchronized List<Event> heard() {
        List<Event> heard = events;
        events = new ArrayList<>();
        return heard;
    }
}
