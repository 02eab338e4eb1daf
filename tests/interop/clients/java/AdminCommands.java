import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;

/** What the admin client does. */
final class AdminCommands {
    private final Admin admin;

    AdminCommands(String bootstrap) {
        admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
    }

    void create(Driver.Command c) throws Exception {
        NewTopic topic = new NewTopic(c.topic(), Optional.of(c.partitions()), Optional.of(c.replicas()));
        admin.createTopics(List.of(topic.configs(c.configs()))).all().get();
    }

    void delete(String topic) throws Exception {
        admin.deleteTopics(List.of(topic)).all().get();
    }

    void grow(String topic, int partitions) throws Exception {
        admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(partitions))).all().get();
    }

    /** The number of partitions of each topic. */
    Map<String, Integer> topics() throws Exception {
        Map<String, Integer> topics = new HashMap<>();
        for (String name : admin.listTopics().names().get()) {
            try {
                int partitions = admin.describeTopics(List.of(name)).allTopicNames().get().get(name).partitions().size();
                topics.put(name, partitions);
            } catch (ExecutionException gone) {
                // Deleted between the two calls.
            }
        }
        return topics;
    }

    Map<String, String> configs(String topic) throws Exception {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        Map<String, String> configs = new HashMap<>();
        for (ConfigEntry entry : admin.describeConfigs(List.of(resource)).all().get().get(resource).entries()) {
            configs.put(entry.name(), entry.value());
        }
        return configs;
    }

    /** Changes some configurations; null deletes one. */
    void set(String topic, Map<String, String> configs) throws Exception {
        List<AlterConfigOp> changes = new ArrayList<>();
        configs.forEach((name, value) -> changes.add(new AlterConfigOp(
            new ConfigEntry(name, value), value == null ? AlterConfigOp.OpType.DELETE : AlterConfigOp.OpType.SET)));
        admin.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.TOPIC, topic), changes)).all().get();
    }

    long listOffset(String topic, int partition, long timestamp) throws Exception {
        OffsetSpec spec = switch ((int) Math.max(timestamp, -4)) {
            case -1 -> OffsetSpec.latest();
            case -2 -> OffsetSpec.earliest();
            case -3 -> OffsetSpec.maxTimestamp();
            default -> OffsetSpec.forTimestamp(timestamp);
        };
        TopicPartition asked = new TopicPartition(topic, partition);
        return admin.listOffsets(Map.of(asked, spec)).partitionResult(asked).get().offset();
    }
}
