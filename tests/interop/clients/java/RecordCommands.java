import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** What producers and consumers do. */
final class RecordCommands {
    private static final long PATIENCE_MS = 30_000;
    private final String bootstrap;

    RecordCommands(String bootstrap) {
        this.bootstrap = bootstrap;
    }

    /** The offsets. */
    List<Long> produce(Driver.Command c) throws Exception {
        Map<String, Object> settings = Map.of(
            "bootstrap.servers", bootstrap, "compression.type", c.codec(), "acks", c.acks(),
            "enable.idempotence", c.idempotent(), "linger.ms", 5);
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        List<Long> offsets = new ArrayList<>();
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            for (Driver.Item item : c.records()) {
                Long timestamp = item.timestamp() == 0 ? null : item.timestamp();
                var record = new ProducerRecord<>(c.topic(), c.partition(), timestamp, item.key(), item.value());
                record.headers().add("h", item.header().getBytes());
                sent.add(producer.send(record));
            }
            producer.flush();
            for (Future<RecordMetadata> one : sent) {
                offsets.add(one.get().offset());
            }
        }
        return offsets;
    }

    /** Reads `count` records of one partition, by the consumers of both group protocols. */
    List<Driver.Item> fetch(Driver.Command c) {
        List<Driver.Item> items = fetch(c, "classic");
        List<Driver.Item> again = fetch(c, "consumer");
        if (!items.equals(again)) {
            throw new IllegalStateException("the consumers of both protocols differ: " + items + " and " + again);
        }
        return items;
    }

    private List<Driver.Item> fetch(Driver.Command c, String protocol) {
        List<Driver.Item> items = new ArrayList<>();
        long deadline = System.currentTimeMillis() + PATIENCE_MS;
        try (var consumer = consumer(bootstrap, protocol)) {
            TopicPartition partition = new TopicPartition(c.topic(), c.partition());
            consumer.assign(List.of(partition));
            consumer.seek(partition, c.offset());
            while (items.size() < c.count()) {
                if (System.currentTimeMillis() > deadline) {
                    throw new IllegalStateException(items.size() + " records after " + PATIENCE_MS + " ms");
                }
                for (ConsumerRecord<String, String> r : consumer.poll(Duration.ofMillis(100))) {
                    String header = new String(r.headers().lastHeader("h").value());
                    items.add(new Driver.Item(r.offset(), r.timestamp(), r.key(), r.value(), header));
                }
            }
        }
        return items;
    }

    static KafkaConsumer<String, String> consumer(String bootstrap, String protocol) {
        Map<String, Object> settings = Map.of("bootstrap.servers", bootstrap, "group.protocol", protocol);
        return new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
    }
}
