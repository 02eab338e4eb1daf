import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidTxnStateException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Copies a topic to another in transactions, each record to the same partition, in a thread of its own.
 * One transaction in five is aborted for no reason. Whatever an abort does not mend is mended by a new producer and
 * a new consumer, unless another instance has fenced this one.
 */
final class Processor {
    /** What became of it so far. */
    record Processed(int committed, int aborted, int restarts, boolean fenced, List<String> errors) {}

    private final String bootstrap;
    private final Driver.Command command;
    private final Random random = new Random(7);
    private final Thread thread = new Thread(this::run);
    private final List<String> errors = new ArrayList<>();
    private KafkaProducer<String, String> producer;
    private KafkaConsumer<String, String> consumer;
    private int committed;
    private int aborted;
    private int lives;
    private boolean fenced;
    private volatile boolean ending;

    Processor(String bootstrap, Driver.Command command) {
        this.bootstrap = bootstrap;
        this.command = command;
        thread.setDaemon(true);
        thread.start();
    }

    synchronized Processed processed() {
        return new Processed(committed, aborted, lives - 1, fenced, List.copyOf(errors));
    }

    void end() throws InterruptedException {
        ending = true;
        thread.join();
    }

    private void run() {
        while (!ending && !processed().fenced()) {
            synchronized (this) {
                lives++;
            }
            try {
                live();
            } catch (ProducerFencedException error) {
                failed(error, true);
            } catch (KafkaException error) {
                // Apache Kafka says so to who commits between the abort by its successor and the successor's epoch.
                failed(error, error.getCause() instanceof InvalidTxnStateException);
            }
        }
    }

    private synchronized void failed(KafkaException error, boolean byAnother) {
        fenced = byAnother;
        errors.add(error + (error.getCause() == null ? "" : " <- " + error.getCause()));
    }

    private void live() {
        Map<String, Object> consuming = Map.of(
            "bootstrap.servers", bootstrap, "group.id", command.group(), "auto.offset.reset", "earliest",
            "enable.auto.commit", false, "isolation.level", "read_committed", "heartbeat.interval.ms", 200,
            "session.timeout.ms", 6000);
        Map<String, Object> producing = Map.of(
            "bootstrap.servers", bootstrap, "transactional.id", command.transactional_id(), "max.block.ms", 20_000);
        try (var p = new KafkaProducer<>(producing, new StringSerializer(), new StringSerializer());
             var c = new KafkaConsumer<>(consuming, new StringDeserializer(), new StringDeserializer())) {
            producer = p;
            consumer = c;
            producer.initTransactions();
            consumer.subscribe(List.of(command.topic()));
            while (!ending) {
                ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(100));
                if (!records.isEmpty()) {
                    process(records);
                }
            }
        }
    }

    private void process(ConsumerRecords<String, String> records) {
        producer.beginTransaction();
        try {
            for (ConsumerRecord<String, String> r : records) {
                producer.send(new ProducerRecord<>(command.target(), r.partition(), r.key(), r.value()));
            }
            if (random.nextDouble() < 0.2) {
                producer.flush();
                abort();
                return;
            }
            producer.sendOffsetsToTransaction(new HashMap<>(records.nextOffsets()), consumer.groupMetadata());
            producer.commitTransaction();
            synchronized (this) {
                committed++;
            }
        } catch (ProducerFencedException error) {
            throw error;
        } catch (KafkaException error) {
            failed(error, false);
            abort();
        }
    }

    /** Go on from what is committed. */
    private void abort() {
        producer.abortTransaction();
        synchronized (this) {
            aborted++;
        }
        Map<TopicPartition, OffsetAndMetadata> offsets = consumer.committed(consumer.assignment());
        for (TopicPartition partition : consumer.assignment()) {
            OffsetAndMetadata offset = offsets.get(partition);
            consumer.seek(partition, offset == null ? 0 : offset.offset());
        }
    }
}
