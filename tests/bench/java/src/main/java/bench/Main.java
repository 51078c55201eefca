package bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.Logger;

/**
 * Java Hollow's side of the benchmark, commanded line by line: words between tabs, an answer of one line to each.
 *
 * <p>{@code check D2 1000 0}: hash, bytes and number of records of a data set. {@code begin D2 1000000 1048576 DIRECTORY}: what
 * the operations that follow are about. {@code run R4-1% 0 2}: a repetition, and which of several. The answer to it is a
 * sample in JSON, {@code none WHY} or {@code failed WHY}.
 */
public final class Main {
    private Rows rows;

    public static void main(String[] args) throws IOException {
        LogManager.getLogManager().reset();
        Logger.getLogger("").setLevel(Level.OFF);
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        // Whatever else prints must not mix with the answers.
        System.setOut(System.err);
        if (args.length > 0) {
            out.println(Start.run(args));
            out.flush();
            return;
        }
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        Main main = new Main();
        String line;
        while ((line = in.readLine()) != null) {
            String answer;
            try {
                answer = main.run(line.split("\t"));
            } catch (Exception | LinkageError | AssertionError | OutOfMemoryError error) {
                answer = "failed " + describe(error);
            }
            out.print(answer.replace('\n', ' ') + '\n');
            out.flush();
        }
        // Pools of the library may have threads that would go on.
        System.exit(0);
    }

    private String run(String[] words) throws Exception {
        switch (words[0]) {
            case "versions":
                return versions();
            case "check":
                return Data.of(words[1]).check(Integer.parseInt(words[2]), Integer.parseInt(words[3]));
            case "begin":
                rows = new Rows(words[1], Integer.parseInt(words[2]), Integer.parseInt(words[3]), Path.of(words[4]));
                return "ok";
            case "run":
                return rows.run(words[1], Integer.parseInt(words[2]), Integer.parseInt(words[3]));
            default:
                return "failed no such command: " + words[0];
        }
    }

    private static String describe(Throwable error) {
        StringBuilder text = new StringBuilder(error.toString());
        for (StackTraceElement frame : error.getStackTrace()) {
            if (frame.getClassName().startsWith("bench.")) {
                return text.append(" at ").append(frame).toString();
            }
        }
        return text.toString();
    }

    /** What runs here: Hollow's version as its jar tells, and Java's. */
    private static String versions() {
        String jar = com.netflix.hollow.core.HollowStateEngine.class.getProtectionDomain().getCodeSource().getLocation().getPath();
        String name = jar.substring(jar.lastIndexOf('/') + 1).replace(".jar", "");
        return name + "\t" + System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version");
    }
}
