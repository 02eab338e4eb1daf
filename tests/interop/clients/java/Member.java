import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.serialization.StringDeserializer;

/** One consumer in a thread of its own: it commits what it has read after each poll. */
final class Member implements ConsumerRebalanceListener {
    private final Members members;
    private final String name;
    private final KafkaConsumer<String, String> consumer;
    private final Thread thread;
    private volatile boolean leaving;
    private volatile long stallMs;
    private volatile Exception failure;

    Member(String bootstrap, Driver.Command c, Members members) {
        this.members = members;
        name = c.member();
        Map<String, Object> settings = new HashMap<>(Map.of(
            "bootstrap.servers", bootstrap, "group.id", c.group(), "auto.offset.reset", "earliest",
            "enable.auto.commit", false, "fetch.max.wait.ms", 50));
        if (c.protocol().equals("consumer")) {
            settings.put("group.protocol", "consumer");
        } else {
            settings.put("partition.assignment.strategy", CooperativeStickyAssignor.class.getName());
            settings.put("heartbeat.interval.ms", 200);
        }
        consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
        consumer.subscribe(List.of(c.topic()), this);
        thread = new Thread(this::run);
        thread.setDaemon(true);
        thread.start();
    }

    private void run() {
        try (consumer) {
            while (!leaving) {
                long busy = stallMs;
                stallMs = 0;
                Thread.sleep(busy);
                ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(50));
                for (ConsumerRecord<String, String> record : records) {
                    members.tell(name, "read", record.partition(), record.offset());
                }
                if (!records.isEmpty()) {
                    commit();
                }
            }
            commit();
        } catch (Exception error) {
            failure = error;
            members.tell(name, "failed", -1, -1);
        }
    }

    /** A rebalance may be in the way; the next commit covers what this one would have. */
    private void commit() {
        try {
            consumer.commitSync();
        } catch (RebalanceInProgressException | CommitFailedException rebalanced) {
            System.err.println(name + ": " + rebalanced);
        }
    }

    void stall(long ms) {
        stallMs = ms;
    }

    void leave() throws Exception {
        leaving = true;
        thread.join();
        if (failure != null) {
            throw failure;
        }
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        partitions.forEach(each -> members.tell(name, "assigned", each.partition(), -1));
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        commit();
        partitions.forEach(each -> members.tell(name, "revoked", each.partition(), -1));
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
        partitions.forEach(each -> members.tell(name, "revoked", each.partition(), -1));
    }
}
