package bench;

import com.netflix.hollow.core.index.HollowPrimaryKeyIndex;
import com.netflix.hollow.core.read.HollowBlobInput;
import com.netflix.hollow.core.read.engine.HollowBlobReader;
import com.netflix.hollow.core.read.engine.HollowReadStateEngine;
import com.netflix.hollow.core.read.engine.object.HollowObjectTypeReadState;
import com.netflix.hollow.core.memory.MemoryMode;
import java.io.IOException;
import java.nio.file.Path;

/** A whole process that answers one question: the title of a movie of D1. */
final class Start {
    private Start() {
    }

    /** Words: heap or mapped, index or ordinal, the snapshot, the number of the movie. */
    static String run(String[] args) throws IOException {
        boolean mapped = args[0].equals("mapped");
        HollowReadStateEngine engine = new HollowReadStateEngine();
        MemoryMode mode = mapped ? MemoryMode.SHARED_MEMORY_LAZY : MemoryMode.ON_HEAP;
        try (HollowBlobInput in = mapped ? HollowBlobInput.randomAccess(Path.of(args[2]).toFile())
                : HollowBlobInput.serial(new java.io.FileInputStream(args[2]))) {
            new HollowBlobReader(engine, mode).readSnapshot(in);
        }
        int movie = Integer.parseInt(args[3]);
        int ordinal = movie;
        if (args[1].equals("index")) {
            ordinal = new HollowPrimaryKeyIndex(engine, "Movie", "id").getMatchingOrdinal(Catalog.id(movie));
        }
        HollowObjectTypeReadState movies = (HollowObjectTypeReadState) engine.getTypeState("Movie");
        HollowObjectTypeReadState texts = (HollowObjectTypeReadState) engine.getTypeState("String");
        int title = movies.readOrdinal(ordinal, movies.getSchema().getPosition("title"));
        String found = texts.readString(title, texts.getSchema().getPosition("value"));
        return Clock.processCpu() + "\t" + found;
    }
}
