import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringSerializer;

/** An idempotent producer of the values 0, 1, 2, ... to partition 0, and a consumer of them, until they are stopped. */
final class Load {
    private static final long PATIENCE_MS = 30_000;

    /** The number acknowledged for each offset, errors, and the numbers fetched, in order. */
    record Loaded(Map<Long, Integer> acked, List<String> failed, List<Integer> fetched) {}

    private final Loaded loaded = new Loaded(new HashMap<>(), new ArrayList<>(), new ArrayList<>());
    private final KafkaProducer<String, String> producer;
    private final KafkaConsumer<String, String> consumer;
    private final Thread producing;
    private volatile boolean stopping;

    Load(String bootstrap, String topic) {
        Map<String, Object> settings = Map.of("bootstrap.servers", bootstrap, "acks", "all", "enable.idempotence", true);
        producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer());
        consumer = RecordCommands.consumer(bootstrap, "consumer");
        TopicPartition partition = new TopicPartition(topic, 0);
        consumer.assign(List.of(partition));
        consumer.seekToBeginning(List.of(partition));
        producing = new Thread(() -> produce(topic));
        producing.start();
    }

    private void produce(String topic) {
        for (int number = 0; !stopping; number++) {
            int value = number;
            producer.send(new ProducerRecord<>(topic, 0, null, Integer.toString(number)), (metadata, error) -> {
                synchronized (loaded) {
                    if (error != null) {
                        loaded.failed().add(error.toString());
                    } else {
                        loaded.acked().put(metadata.offset(), value);
                    }
                }
            });
            consume(2);
        }
    }

    private void consume(long waitMs) {
        consumer.poll(Duration.ofMillis(waitMs)).forEach(r -> loaded.fetched().add(Integer.valueOf(r.value())));
    }

    int acked() {
        synchronized (loaded) {
            return loaded.acked().size();
        }
    }

    Loaded stop() throws InterruptedException {
        stopping = true;
        producing.join();
        producer.close(Duration.ofMillis(PATIENCE_MS));
        long deadline = System.currentTimeMillis() + PATIENCE_MS;
        while (loaded.fetched().size() < loaded.acked().size() && System.currentTimeMillis() < deadline) {
            consume(100);
        }
        consumer.close();
        return loaded;
    }
}
