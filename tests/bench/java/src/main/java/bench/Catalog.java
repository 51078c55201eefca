package bench;

import com.netflix.hollow.core.write.objectmapper.HollowHashKey;
import com.netflix.hollow.core.write.objectmapper.HollowInline;
import com.netflix.hollow.core.write.objectmapper.HollowPrimaryKey;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** D1: movies with lists, sets and maps of records that many of them share. */
final class Catalog extends Data {
    static final int COUNTRIES = 191;
    static final int LANGUAGES = 41;
    static final int PEOPLE = 50_000;
    private static final long DAY = 86_400_000L;

    @HollowPrimaryKey(fields = "id")
    static final class Movie {
        long id;
        String title;
        int year;
        int runtime;
        long updated;
        Rating rating;
        List<Genre> genres;
        List<CastMember> cast;
        @HollowHashKey(fields = "country.code")
        Set<CountryAvailability> countries;
        @HollowHashKey(fields = "code")
        Map<Language, LocalizedTitle> titles;
    }

    static final class Rating {
        @HollowInline
        String name;
        @HollowInline
        String system;
    }

    static final class Genre {
        int id;
        String name;
    }

    static final class Person {
        int id;
        String name;
    }

    static final class CastMember {
        Person person;
        String role;
        int billing;
    }

    static final class Country {
        @HollowInline
        String code;
    }

    static final class Language {
        @HollowInline
        String code;
    }

    static final class CountryAvailability {
        Country country;
        long start;
        @HollowInline
        Long end;
        int flags;
    }

    static final class LocalizedTitle {
        String text;
        int kind;
    }

    private final Rating[] ratings = new Rating[50];
    private final Genre[] genres = new Genre[30];
    private final Person[] people = new Person[PEOPLE];
    private final String[] roles = new String[200];
    private final Country[] countries = new Country[COUNTRIES];
    private final Language[] languages = new Language[LANGUAGES];

    Catalog() {
        for (int i = 0; i < ratings.length; i++) {
            ratings[i] = new Rating();
            ratings[i].name = "R" + i % 10;
            ratings[i].system = "SYS" + i / 10;
        }
        for (int i = 0; i < genres.length; i++) {
            genres[i] = new Genre();
            genres[i].id = 1000 + i;
            genres[i].name = new Stream(0xD120, i, 0).words(1, 2, 3);
        }
        for (int i = 0; i < people.length; i++) {
            people[i] = new Person();
            people[i].id = 20_000_000 + i;
            people[i].name = new Stream(0xD110, i, 0).words(2, 2, 3);
        }
        for (int i = 0; i < roles.length; i++) {
            roles[i] = new Stream(0xD130, i, 0).words(1, 2, 3);
        }
        for (int i = 0; i < countries.length; i++) {
            countries[i] = new Country();
            countries[i].code = Stream.code2(i);
        }
        for (int i = 0; i < languages.length; i++) {
            languages[i] = new Language();
            languages[i].code = Stream.lang2(i);
        }
    }

    /** The key of movie i. */
    static long id(int i) {
        return 80_000_000L + 3L * i;
    }

    @Override
    int tag() {
        return 0xD1;
    }

    @Override
    Class<?> root() {
        return Movie.class;
    }

    @Override
    Movie record(int i, int version) {
        Stream s = new Stream(0xD100, i, 0);
        Movie movie = new Movie();
        movie.id = id(i);
        movie.title = words(s, 1 + s.below(4));
        movie.year = 1950 + s.below(76);
        movie.rating = ratings[s.below(50)];
        movie.genres = new ArrayList<>();
        for (int left = 1 + s.below(4); left > 0; left--) {
            movie.genres.add(genres[s.below(30)]);
        }
        movie.cast = new ArrayList<>();
        int members = 2 + s.below(9);
        for (int billing = 1; billing <= members; billing++) {
            CastMember member = new CastMember();
            member.person = people[s.below(PEOPLE)];
            member.role = roles[s.below(200)];
            member.billing = billing;
            movie.cast.add(member);
        }
        List<CountryAvailability> availabilities = availabilities(s);
        List<LocalizedTitle> texts = new ArrayList<>();
        movie.titles = titles(s, movie.title, texts);

        Stream m = new Stream(0xD101, i, version);
        movie.runtime = (40 + m.below(160)) * 60 + m.below(60);
        movie.updated = 1_600_000_000_000L + 60_000L * version;
        if (version > 0) {
            CountryAvailability moved = availabilities.get(m.below(availabilities.size()));
            moved.start += 3_600_000L * (1 + m.below(23));
            LocalizedTitle renamed = texts.get(m.below(texts.size()));
            renamed.text += "#" + version;
        }
        movie.countries = new LinkedHashSet<>(availabilities);
        return movie;
    }

    private static String words(Stream s, int count) {
        return s.words(count, 2, 3);
    }

    private List<CountryAvailability> availabilities(Stream s) {
        int windows = 1 + s.below(3);
        long[] starts = new long[windows];
        Long[] ends = new Long[windows];
        int[] flags = new int[windows];
        for (int w = 0; w < windows; w++) {
            starts[w] = (10_000 + 7L * s.below(400)) * DAY;
            int e = s.below(20);
            ends[w] = e < 12 ? null : Long.valueOf(starts[w] + 28 * (e - 11) * DAY);
            flags[w] = s.below(4);
        }
        int count = 5 + s.below(31);
        int first = s.below(COUNTRIES);
        int step = 1 + s.below(COUNTRIES - 1);
        List<CountryAvailability> all = new ArrayList<>();
        for (int k = 0; k < count; k++) {
            int w = s.below(windows);
            CountryAvailability availability = new CountryAvailability();
            availability.country = countries[(first + k * step) % COUNTRIES];
            availability.start = starts[w];
            availability.end = ends[w];
            availability.flags = flags[w];
            all.add(availability);
        }
        return all;
    }

    private Map<Language, LocalizedTitle> titles(Stream s, String title, List<LocalizedTitle> texts) {
        int count = 3 + s.below(11);
        int first = s.below(LANGUAGES);
        int step = 1 + s.below(LANGUAGES - 1);
        Map<Language, LocalizedTitle> titles = new LinkedHashMap<>();
        for (int k = 0; k < count; k++) {
            int language = (first + k * step) % LANGUAGES;
            LocalizedTitle localized = new LocalizedTitle();
            localized.kind = s.below(3);
            switch (language % 4) {
                case 0:
                    localized.text = title;
                    break;
                case 1:
                    localized.text = words(s, 1 + s.below(4));
                    break;
                case 2:
                    localized.text = s.accented(1 + s.below(3));
                    break;
                default:
                    StringBuilder text = new StringBuilder();
                    for (int left = 2 + s.below(7); left > 0; left--) {
                        text.append((char) (0x4E00 + s.below(20_000)));
                    }
                    localized.text = text.toString();
            }
            titles.put(languages[language], localized);
            texts.add(localized);
        }
        return titles;
    }

    @Override
    long adds(Object record) {
        Movie movie = (Movie) record;
        return 7 + 2L * movie.genres.size() + 4L * movie.cast.size() + 2L * movie.countries.size() + 3L * movie.titles.size();
    }

    @Override
    void canonical(Object record, StringBuilder out) {
        Movie movie = (Movie) record;
        out.append("{\"id\":").append(movie.id).append(",\"title\":\"").append(movie.title).append("\",\"year\":").append(movie.year);
        out.append(",\"runtime\":").append(movie.runtime).append(",\"updated\":").append(movie.updated);
        out.append(",\"rating\":{\"name\":\"").append(movie.rating.name).append("\",\"system\":\"").append(movie.rating.system);
        out.append("\"},\"genres\":[");
        out.append(movie.genres.stream().map(genre -> named(genre.id, genre.name)).collect(Collectors.joining(",")));
        out.append("],\"cast\":[");
        out.append(movie.cast.stream()
                .map(member -> "{\"person\":" + named(member.person.id, member.person.name) + ",\"role\":\"" + member.role
                        + "\",\"billing\":" + member.billing + "}")
                .collect(Collectors.joining(",")));
        out.append("],\"countries\":[");
        out.append(movie.countries.stream()
                .sorted(Comparator.comparing(availability -> availability.country.code))
                .map(availability -> "{\"country\":\"" + availability.country.code + "\",\"start\":" + availability.start
                        + ",\"end\":" + availability.end + ",\"flags\":" + availability.flags + "}")
                .collect(Collectors.joining(",")));
        out.append("],\"titles\":{");
        out.append(movie.titles.entrySet().stream()
                .sorted(Comparator.comparing(entry -> entry.getKey().code))
                .map(entry -> "\"" + entry.getKey().code + "\":{\"text\":\"" + entry.getValue().text + "\",\"kind\":"
                        + entry.getValue().kind + "}")
                .collect(Collectors.joining(",")));
        out.append("}}");
    }

    private static String named(int id, String name) {
        return "{\"id\":" + id + ",\"name\":\"" + name + "\"}";
    }

    @Override
    int chunk() {
        return 5_000;
    }
}
