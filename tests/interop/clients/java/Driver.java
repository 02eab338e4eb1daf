import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.common.protocol.Errors;

/**
 * Lets a test drive kafka-clients: a command a line on stdin (JSON), an answer a line on stdout.
 * See clients/client.py for the commands. Argument: bootstrap servers.
 */
public final class Driver {
    /** The arguments of all commands; each uses some. */
    record Command(String do_, String topic, int partitions, short replicas, Map<String, String> configs, int partition,
                   String codec, String acks, boolean idempotent, List<Item> records, long offset, int count,
                   long timestamp, String group, String member, String protocol, long ms,
                   String target, String transactional_id) {}

    /** What is produced and fetched; it has one header, named "h". Timestamp (ms) 0 is the client's own choice. */
    record Item(long offset, long timestamp, String key, String value, String header) {}

    private final AdminCommands admin;
    private final RecordCommands records;
    private final Members members;
    private final Map<String, Processor> processors = new HashMap<>();
    private final String bootstrap;
    private Load load;

    private Driver(String bootstrap) {
        this.bootstrap = bootstrap;
        admin = new AdminCommands(bootstrap);
        records = new RecordCommands(bootstrap);
        members = new Members(bootstrap);
    }

    private Object obey(Command c) throws Exception {
        switch (c.do_()) {
            case "create" -> admin.create(c);
            case "delete" -> admin.delete(c.topic());
            case "grow" -> admin.grow(c.topic(), c.partitions());
            case "set" -> admin.set(c.topic(), c.configs());
            case "start_load" -> load = new Load(bootstrap, c.topic());
            case "join" -> members.join(c);
            case "leave" -> members.leave(c.member());
            case "process" -> processors.put(c.member(), new Processor(bootstrap, c));
            case "end" -> processors.get(c.member()).end();
            case "processed" -> {
                return processors.get(c.member()).processed();
            }
            case "stall" -> members.stall(c.member(), c.ms());
            case "heard" -> {
                return members.heard();
            }
            case "topics" -> {
                return admin.topics();
            }
            case "configs" -> {
                return admin.configs(c.topic());
            }
            case "list_offset" -> {
                return admin.listOffset(c.topic(), c.partition(), c.timestamp());
            }
            case "produce" -> {
                return records.produce(c);
            }
            case "fetch" -> {
                return records.fetch(c);
            }
            case "acked" -> {
                return load.acked();
            }
            case "stop_load" -> {
                return load.stop();
            }
            default -> throw new IllegalArgumentException("no such command: " + c.do_());
        }
        return null;
    }

    private Map<String, Object> answer(Command command) {
        Map<String, Object> answer = new HashMap<>();
        try {
            answer.put("result", obey(command));
        } catch (Exception thrown) {
            Throwable cause = thrown instanceof ExecutionException ? thrown.getCause() : thrown;
            answer.put("error", cause.toString());
            answer.put("code", Errors.forException(cause).code());
        }
        return answer;
    }

    public static void main(String[] arguments) throws Exception {
        Gson gson = new GsonBuilder()
            .serializeNulls()
            .setFieldNamingStrategy(field -> field.getName().equals("do_") ? "do" : field.getName())
            .create();
        Driver driver = new Driver(arguments[0]);
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            System.out.println(gson.toJson(driver.answer(gson.fromJson(line, Command.class))));
        }
    }
}
