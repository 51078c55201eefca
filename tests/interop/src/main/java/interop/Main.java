package interop;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.Logger;

/**
 * Java Hollow, commanded line by line: one process serves all chains of a run.
 *
 * <p>A line is a command and its words, separated by single spaces; {@link Words} says how values are written. Commands that
 * describe a producer or its cycle ({@link Producer}) are not answered, the others with one line: {@code ok ...} or
 * {@code err ...}. What goes wrong in an unanswered command is told by the next answered one of the producer.
 */
public final class Main {
    private final Readers readers = new Readers();
    private final Producer producer = new Producer(readers);
    private final HighLevel highLevel = new HighLevel();
    private final FlatRecords flat = new FlatRecords(readers);
    private final Map<String, Long> nanos = new TreeMap<>();

    public static void main(String[] args) throws IOException {
        LogManager.getLogManager().reset();
        Logger.getLogger("").setLevel(Level.OFF);
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        // Whatever else prints must not mix with the answers.
        System.setOut(System.err);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8), 1 << 16);
        Main main = new Main();
        String line;
        while ((line = in.readLine()) != null) {
            String answer = main.timed(line);
            if (answer != null) {
                out.print(answer);
                out.print('\n');
                out.flush();
            }
        }
    }

    private String timed(String line) {
        Words words = new Words(line);
        String command = words.next();
        long begin = System.nanoTime();
        String answer;
        try {
            answer = run(command, words);
        } catch (Exception | LinkageError | AssertionError | OutOfMemoryError error) {
            answer = "err " + command + ": " + Words.describe(error);
        }
        nanos.merge(answer == null ? "script" : command, System.nanoTime() - begin, Long::sum);
        return answer;
    }

    /** The answer, or null if the command has none. */
    private String run(String command, Words words) throws Exception {
        switch (command) {
            case "chain": // directory of the store, directory to stage in, optional parts that consumers ask for
                producer.forget();
                readers.begin(words);
                highLevel.begin(readers.directory());
                return null;
            case "write":
                return "ok " + producer.write(words);
            case "restore":
                producer.attempt(() -> producer.restore(readers.snapshot(Long.parseLong(words.next()))));
                return null;
            case "recreate": {
                boolean preserve = words.next().equals("preserve");
                producer.attempt(() -> producer.recreate(readers.snapshot(Long.parseLong(words.next())), preserve));
                return null;
            }
            case "publish":
                return "ok " + highLevel.publish(producer, words);
            case "read":
                readers.read(words);
                return "ok";
            case "delta":
                readers.delta(words);
                return "ok";
            case "follow":
                readers.follow(Long.parseLong(words.next()));
                return "ok";
            case "announced":
                return "ok " + readers.followAnnouncement();
            case "sum":
                return "ok " + readers.sum(words.next());
            case "dump":
                readers.dump(words.next(), words.next());
                return "ok";
            case "extract":
                return "ok " + flat.extract(words);
            case "fold":
                return "ok " + flat.fold(words);
            case "key":
                return "ok " + flat.key(words);
            case "times":
                return "ok " + times();
            case "versions":
                return "ok " + versions();
            default:
                producer.attempt(() -> producer.command(command, words));
                return null;
        }
    }

    private String times() {
        StringBuilder text = new StringBuilder();
        nanos.forEach((command, time) -> text.append(command).append('=').append(time / 1_000_000).append(' '));
        return text.toString().trim();
    }

    /** What runs here: Hollow's version as its jar tells, and Java's. */
    private static String versions() {
        String jar = com.netflix.hollow.core.HollowStateEngine.class.getProtectionDomain().getCodeSource().getLocation().getPath();
        String name = jar.substring(jar.lastIndexOf('/') + 1).replace(".jar", "");
        return name + " java-" + System.getProperty("java.version");
    }
}
