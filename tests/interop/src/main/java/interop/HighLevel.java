package interop;

import com.netflix.hollow.api.consumer.fs.HollowFilesystemBlobRetriever;
import com.netflix.hollow.api.producer.HollowProducer;
import com.netflix.hollow.api.producer.fs.HollowFilesystemAnnouncer;
import com.netflix.hollow.api.producer.fs.HollowFilesystemPublisher;
import com.netflix.hollow.core.schema.HollowSchema;
import java.nio.file.Path;

/** A whole {@link HollowProducer} over the directory, with its integrity check, header tags and announcement. */
final class HighLevel {
    private Path directory;

    void begin(Path directory) {
        this.directory = directory;
    }

    /**
     * {@code publish STAGING VERSION RESTORED|-}: makes a producer of the types registered last, restores it, and runs the
     * script as its cycle. Answers the version published; that of before if nothing changed.
     */
    String publish(Producer described, Words words) {
        described.failIfFailed();
        Path staging = Path.of(words.next());
        long version = Long.parseLong(words.next());
        String restored = words.next();
        HollowProducer producer = HollowProducer.withPublisher(new HollowFilesystemPublisher(directory))
                .withAnnouncer(new HollowFilesystemAnnouncer(directory))
                .withBlobStagingDir(staging.toFile())
                .withVersionMinter(() -> version)
                .build();
        producer.initializeDataModel(described.schemas().toArray(new HollowSchema[0]));
        if (!restored.equals("-")) {
            producer.restore(Long.parseLong(restored), new HollowFilesystemBlobRetriever(directory));
        }
        long published = producer.runCycle(state -> described.script().run(state.getStateEngine(), () -> null));
        return published + described.script().ordinals();
    }
}
