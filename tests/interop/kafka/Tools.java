import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.common.utils.Exit;
import org.apache.kafka.metadata.properties.MetaProperties;
import org.apache.kafka.metadata.properties.PropertiesUtils;
import org.apache.kafka.raft.FileQuorumStateStore;
import org.apache.kafka.storage.internals.checkpoint.CleanShutdownFileHandler;
import org.apache.kafka.storage.internals.checkpoint.LeaderEpochCheckpointFile;
import org.apache.kafka.storage.internals.checkpoint.OffsetCheckpointFile;
import org.apache.kafka.storage.internals.checkpoint.PartitionMetadataFile;
import org.apache.kafka.storage.internals.log.LogDirFailureChannel;
import org.slf4j.LoggerFactory;

/**
 * Runs Apache Kafka's tools one after the other in one JVM: starting one takes longer than most of them.
 *
 * <p>A line of JSON in: {"main": class, "arguments": [...], "input": text}. A line of JSON out: {"code", "out", "err"},
 * the code as the process would have ended with. {"file": path} instead is read by Kafka's own reader of such files,
 * and comes back as {"content"}, or as {"code": 1, "err"}.
 */
public class Tools {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static final class Ended extends RuntimeException {
        private Ended() {
            super(null, null, false, false);
        }
    }

    public static void main(String[] arguments) throws Exception {
        PrintStream answers = System.out;
        LoggerFactory.getILoggerFactory(); // It complains once that there is nothing to log to.
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            JsonNode request = JSON.readTree(line);
            Map<String, Object> answer = request.has("file") ? read(new File(request.get("file").asText())) : run(request);
            answers.println(JSON.writeValueAsString(answer));
            answers.flush();
        }
    }

    private static Map<String, Object> run(JsonNode request) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        System.setIn(new ByteArrayInputStream(request.get("input").asText().getBytes(StandardCharsets.UTF_8)));
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
        // Tools that end themselves within a try block would end a second time in its catch block: the first time counts,
        AtomicReference<Integer> code = new AtomicReference<>();
        // and what it prints.
        Exit.Procedure end = (status, message) -> {
            code.compareAndSet(null, status);
            System.setErr(new PrintStream(OutputStream.nullOutputStream()));
            throw new Ended();
        };
        Exit.setExitProcedure(end);
        Exit.setHaltProcedure(end);
        List<Runnable> hooks = new ArrayList<>();
        Exit.setShutdownHookAdder((name, hook) -> hooks.add(hook));
        String[] arguments = JSON.convertValue(request.get("arguments"), String[].class);
        try {
            Class.forName(request.get("main").asText()).getMethod("main", String[].class).invoke(null, (Object) arguments);
        } catch (InvocationTargetException thrown) {
            if (!(thrown.getCause() instanceof Ended)) {
                thrown.getCause().printStackTrace();
                code.compareAndSet(null, 1);
            }
        }
        code.compareAndSet(null, 0);
        hooks.forEach(Runnable::run);
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("code", code.get());
        answer.put("out", out.toString(StandardCharsets.UTF_8));
        answer.put("err", err.toString(StandardCharsets.UTF_8));
        return answer;
    }

    private static Map<String, Object> read(File file) {
        Map<String, Object> answer = new LinkedHashMap<>();
        try {
            answer.put("content", content(file));
            answer.put("code", 0);
            answer.put("err", "");
        } catch (Exception error) {
            answer.put("code", 1);
            answer.put("err", error + (error.getCause() == null ? "" : ": " + error.getCause()));
        }
        return answer;
    }

    private static Object content(File file) throws Exception {
        LogDirFailureChannel failures = new LogDirFailureChannel(1);
        return switch (file.getName()) {
            case "leader-epoch-checkpoint" -> new LeaderEpochCheckpointFile(file, failures).read().stream()
                .map(entry -> List.<Object>of(entry.epoch(), entry.startOffset())).toList();
            case "partition.metadata" -> new PartitionMetadataFile(file, failures).read().topicId().toString();
            case ".kafka_cleanshutdown" -> new CleanShutdownFileHandler(file.getParent()).read().orElseThrow();
            case "quorum-state" -> new FileQuorumStateStore(file).readElectionState().orElseThrow().epoch();
            case "meta.properties" -> {
                MetaProperties found =
                    new MetaProperties.Builder(PropertiesUtils.readPropertiesFile(file.getPath())).build();
                yield List.of(found.clusterId().orElseThrow(), found.nodeId().orElseThrow(),
                    found.directoryId().orElseThrow().toString());
            }
            default -> {
                Map<String, Long> offsets = new TreeMap<>();
                new OffsetCheckpointFile(file, failures).read().forEach((key, at) -> offsets.put(key.toString(), at));
                yield offsets;
            }
        };
    }
}
