package bench;

import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Adds up the times of pieces of work.
 *
 * <p>{@link #ofProcess} counts the CPU time of all threads, those of the collector and the compiler too. The process's own
 * clock ticks every ten milliseconds, so times of the single threads, which are finer, are preferred as long as both agree:
 * they do not when a thread ended in between. {@link #ofThread} counts the calling thread only.
 */
final class Clock {
    /** Work that may fail. */
    interface Work<T> {
        T run() throws Exception;
    }

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
    private static final com.sun.management.OperatingSystemMXBean SYSTEM =
            (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    /** The two clocks may differ by this much without a thread having ended. */
    private static final long TICKS = 15_000_000;

    private final boolean wholeProcess;
    private long cpu;
    private long wall;

    private Clock(boolean wholeProcess) {
        this.wholeProcess = wholeProcess;
    }

    static Clock ofProcess() {
        return new Clock(true);
    }

    static Clock ofThread() {
        return new Clock(false);
    }

    <T> T time(Work<T> work) throws Exception {
        long process = wholeProcess ? SYSTEM.getProcessCpuTime() : 0;
        long others = wholeProcess ? otherThreads() : 0;
        long own = THREADS.getCurrentThreadCpuTime();
        long begin = System.nanoTime();
        T result = work.run();
        wall += System.nanoTime() - begin;
        own = THREADS.getCurrentThreadCpuTime() - own;
        if (!wholeProcess) {
            cpu += own;
            return result;
        }
        long fine = own + Math.max(0, otherThreads() - others);
        long coarse = SYSTEM.getProcessCpuTime() - process;
        cpu += coarse - fine > TICKS ? coarse : fine;
        return result;
    }

    String sample(long ops, long bytes, Object check) {
        return sample(cpu, wall, ops, bytes, check);
    }

    static String sample(long cpu, long wall, long ops, long bytes, Object check) {
        return "{\"cpu_ns\":" + cpu + ",\"wall_ns\":" + wall + ",\"ops\":" + ops + ",\"bytes\":" + bytes + ",\"check\":\"" + check + "\"}";
    }

    /** CPU time of the process so far, by the coarse clock. */
    static long processCpu() {
        return SYSTEM.getProcessCpuTime();
    }

    /** CPU time of all threads but this one, as far as the system tells; zero if it does not. */
    private static long otherThreads() {
        String[] tasks = new File("/proc/self/task").list();
        if (tasks == null) {
            return 0;
        }
        String self = "";
        try {
            self = Files.readSymbolicLink(Path.of("/proc/thread-self")).getFileName().toString();
        } catch (IOException e) {
            return 0;
        }
        long sum = 0;
        for (String task : tasks) {
            if (task.equals(self)) {
                continue;
            }
            try {
                String stat = Files.readString(Path.of("/proc/self/task", task, "schedstat"));
                sum += Long.parseLong(stat.substring(0, stat.indexOf(' ')));
            } catch (IOException ended) {
                // It is in the coarse time.
            }
        }
        return sum;
    }
}
