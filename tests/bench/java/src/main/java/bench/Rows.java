package bench;

import java.nio.file.Path;

/** The operations by the names of the rows. Each answers a sample, or that there is none. */
final class Rows {
    private final ReadRows reads;
    private final LookupRows lookups;
    private final CatalogRows catalog;
    private final OtherRows others;
    private final WriteRows writes;
    private final CycleRows cycles;

    Rows(String name, int n, int lookups, Path directory) {
        Data data = Data.of(name);
        Reading reading = new Reading(directory.resolve(name + "-" + n));
        reads = new ReadRows(data, n, reading);
        this.lookups = new LookupRows(n, lookups, reading);
        catalog = new CatalogRows(n, lookups, reading);
        others = new OtherRows(data, n, lookups, reading);
        writes = new WriteRows(data, n, directory.resolve("scratch-java"));
        cycles = new CycleRows(data, n, directory.resolve("scratch-java"));
    }

    String run(String row, int repetition, int param) throws Exception {
        // What lay about before must not be collected while the clock runs.
        System.gc();
        String answer = reads.run(row, repetition, param);
        if (answer == null) {
            answer = lookups.run(row);
        }
        if (answer == null) {
            answer = catalog.run(row);
        }
        if (answer == null) {
            answer = others.run(row, param);
        }
        if (answer == null) {
            answer = writes.run(row, repetition);
        }
        if (answer == null) {
            answer = cycles.run(row, param);
        }
        return answer == null ? "none not measured" : answer;
    }
}
