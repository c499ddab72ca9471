/* The codec of ei, for nodex-core/benches/codec: reads lines of a name and an encoded term in hexadecimal from a file, and
 * prints for each the nanoseconds that decoding and encoding take, as benches/codec/beam.escript does.
 *
 * Decoding makes a tree of C values that owns all it points to, and frees it; encoding writes such a tree into a buffer that
 * is used again. So both do what the dynamic terms of the Rust libraries do. */
#include <ei.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum kind { INTEGER, BIG, DOUBLE, ATOM, BINARY, BITS, STRING, PID, REF, TUPLE, LIST, MAP };

struct term {
    enum kind kind;
    int count; /* bytes, elements, or pairs */
    union {
        long long integer;
        double number;
        char *bytes;
        erlang_big *big;
        erlang_pid *pid;
        erlang_ref *ref;
        struct {
            char *bytes;
            size_t bits;
        } bits;
        struct {
            struct term *of; /* of a list the tail comes last */
        } all;
    } is;
};

static void fail(const char *what) {
    fprintf(stderr, "codec_ei: %s\n", what);
    exit(1);
}

static void *room(size_t size) {
    void *all = malloc(size ? size : 1);
    if (all == NULL) fail("no memory");
    return all;
}

static void decode(const char *buf, int *index, struct term *term);

static void decode_all(const char *buf, int *index, struct term *term, int count) {
    term->is.all.of = room(count * sizeof(struct term));
    for (int i = 0; i < count; i++) decode(buf, index, term->is.all.of + i);
}

static void decode(const char *buf, int *index, struct term *term) {
    int type, size, bad = 0;
    if (ei_get_type(buf, index, &type, &size) != 0) fail("no term");
    term->count = size;
    switch (type) {
    case ERL_SMALL_INTEGER_EXT:
    case ERL_INTEGER_EXT:
        term->kind = INTEGER;
        bad = ei_decode_longlong(buf, index, &term->is.integer);
        break;
    case ERL_SMALL_BIG_EXT:
    case ERL_LARGE_BIG_EXT:
        term->kind = INTEGER;
        if (size <= 8 && ei_decode_longlong(buf, index, &term->is.integer) == 0) break;
        term->kind = BIG;
        term->is.big = ei_alloc_big(size);
        bad = term->is.big == NULL || ei_decode_big(buf, index, term->is.big);
        break;
    case ERL_FLOAT_EXT:
    case NEW_FLOAT_EXT:
        term->kind = DOUBLE;
        bad = ei_decode_double(buf, index, &term->is.number);
        break;
    case ERL_ATOM_EXT:
        term->kind = ATOM;
        term->is.bytes = room(size + 1);
        bad = ei_decode_atom_as(buf, index, term->is.bytes, size + 1, ERLANG_UTF8, NULL, NULL);
        break;
    case ERL_BINARY_EXT: {
        long length;
        term->kind = BINARY;
        term->is.bytes = room(size);
        bad = ei_decode_binary(buf, index, term->is.bytes, &length);
        break;
    }
    case ERL_BIT_BINARY_EXT: {
        const char *from;
        unsigned int offset;
        term->kind = BITS;
        bad = ei_decode_bitstring(buf, index, &from, &offset, &term->is.bits.bits);
        if (bad) break;
        term->is.bits.bytes = room((term->is.bits.bits + 7) / 8);
        memcpy(term->is.bits.bytes, from, (term->is.bits.bits + 7) / 8);
        break;
    }
    case ERL_STRING_EXT:
        term->kind = STRING;
        term->is.bytes = room(size + 1);
        bad = ei_decode_string(buf, index, term->is.bytes);
        break;
    case ERL_PID_EXT:
    case ERL_NEW_PID_EXT:
        term->kind = PID;
        term->is.pid = room(sizeof(erlang_pid));
        bad = ei_decode_pid(buf, index, term->is.pid);
        break;
    case ERL_NEW_REFERENCE_EXT:
    case ERL_NEWER_REFERENCE_EXT:
        term->kind = REF;
        term->is.ref = room(sizeof(erlang_ref));
        bad = ei_decode_ref(buf, index, term->is.ref);
        break;
    case ERL_SMALL_TUPLE_EXT:
    case ERL_LARGE_TUPLE_EXT:
        term->kind = TUPLE;
        bad = ei_decode_tuple_header(buf, index, &term->count);
        if (!bad) decode_all(buf, index, term, term->count);
        break;
    case ERL_NIL_EXT:
    case ERL_LIST_EXT:
        term->kind = LIST;
        bad = ei_decode_list_header(buf, index, &term->count);
        if (!bad && term->count > 0) decode_all(buf, index, term, term->count + 1);
        break;
    case ERL_MAP_EXT:
        term->kind = MAP;
        bad = ei_decode_map_header(buf, index, &term->count);
        if (!bad) decode_all(buf, index, term, 2 * term->count);
        break;
    default:
        fail("a term of another kind");
    }
    if (bad) fail("a bad term");
}

static void drop(struct term *term);

static void drop_all(struct term *term, int count) {
    for (int i = 0; i < count; i++) drop(term->is.all.of + i);
    free(term->is.all.of);
}

static void drop(struct term *term) {
    switch (term->kind) {
    case INTEGER:
    case DOUBLE: break;
    case BIG: ei_free_big(term->is.big); break;
    case ATOM:
    case BINARY:
    case STRING: free(term->is.bytes); break;
    case BITS: free(term->is.bits.bytes); break;
    case PID: free(term->is.pid); break;
    case REF: free(term->is.ref); break;
    case TUPLE: drop_all(term, term->count); break;
    case LIST:
        if (term->count > 0) drop_all(term, term->count + 1);
        break;
    case MAP: drop_all(term, 2 * term->count); break;
    }
}

static void encode(ei_x_buff *out, const struct term *term);

static void encode_all(ei_x_buff *out, const struct term *term, int count) {
    for (int i = 0; i < count; i++) encode(out, term->is.all.of + i);
}

static void encode(ei_x_buff *out, const struct term *term) {
    int bad = 0;
    switch (term->kind) {
    case INTEGER: bad = ei_x_encode_longlong(out, term->is.integer); break;
    case BIG: bad = ei_x_encode_big(out, term->is.big); break;
    case DOUBLE: bad = ei_x_encode_double(out, term->is.number); break;
    case ATOM:
        bad = ei_x_encode_atom_len_as(out, term->is.bytes, term->count, ERLANG_UTF8, ERLANG_UTF8);
        break;
    case BINARY: bad = ei_x_encode_binary(out, term->is.bytes, term->count); break;
    case BITS: bad = ei_x_encode_bitstring(out, term->is.bits.bytes, 0, term->is.bits.bits); break;
    case STRING: bad = ei_x_encode_string_len(out, term->is.bytes, term->count); break;
    case PID: bad = ei_x_encode_pid(out, term->is.pid); break;
    case REF: bad = ei_x_encode_ref(out, term->is.ref); break;
    case TUPLE:
        bad = ei_x_encode_tuple_header(out, term->count);
        encode_all(out, term, term->count);
        break;
    case LIST:
        if (term->count == 0) {
            bad = ei_x_encode_empty_list(out);
        } else {
            bad = ei_x_encode_list_header(out, term->count);
            encode_all(out, term, term->count + 1);
        }
        break;
    case MAP:
        bad = ei_x_encode_map_header(out, term->count);
        encode_all(out, term, 2 * term->count);
        break;
    }
    if (bad) fail("cannot encode");
}

/* What is measured, and with what. */
struct work {
    const char *encoded; /* to be decoded; NULL if the tree is to be encoded */
    struct term tree;
    ei_x_buff out;
};

static void once(struct work *work) {
    if (work->encoded != NULL) {
        struct term term;
        int index = 0, version;
        if (ei_decode_version(work->encoded, &index, &version) != 0) fail("another version");
        decode(work->encoded, &index, &term);
        drop(&term);
    } else {
        work->out.index = 0;
        if (ei_x_encode_version(&work->out) != 0) fail("no memory");
        encode(&work->out, &work->tree);
    }
}

static double nanoseconds(struct work *work, long count) {
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (long i = 0; i < count; i++) once(work);
    clock_gettime(CLOCK_MONOTONIC, &to);
    return (to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec);
}

/* The best of 15 rounds of as many calls as take 20 ms. */
static double best(struct work *work) {
    double best = 1e18;
    long count = 1;
    while (nanoseconds(work, count) < 2e7) count *= 2;
    for (int i = 0; i < 15; i++) {
        double round = nanoseconds(work, count) / count;
        if (round < best) best = round;
    }
    return best;
}

static int digit(int c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

int main(int argc, char **argv) {
    FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
    char *line = NULL;
    size_t room_of_line = 0;
    if (file == NULL) fail("the argument is a file of terms");
    if (ei_init() != 0) fail("ei_init");
    while (getline(&line, &room_of_line, file) > 0) {
        struct work work;
        char *hex = strchr(line, ' '), *bytes;
        int index = 0, version;
        size_t length = 0;
        if (hex == NULL) fail("a line without a term");
        *hex++ = 0;
        bytes = room(strlen(hex) / 2 + 1);
        for (; digit(hex[0]) >= 0 && digit(hex[1]) >= 0; hex += 2) bytes[length++] = digit(hex[0]) << 4 | digit(hex[1]);
        work.encoded = bytes;
        printf("%s decode %.1f\n", line, best(&work));
        if (ei_decode_version(bytes, &index, &version) != 0) fail("another version");
        decode(bytes, &index, &work.tree);
        work.encoded = NULL;
        if (ei_x_new(&work.out) != 0) fail("no memory");
        once(&work);
        /* Maps keep their order, so the same bytes come out. */
        if ((size_t)work.out.index != length || memcmp(work.out.buff, bytes, length) != 0) {
            fprintf(stderr, "codec_ei: %s is encoded otherwise than it came\n", line);
        }
        printf("%s encode %.1f\n", line, best(&work));
        fflush(stdout);
        ei_x_free(&work.out);
        drop(&work.tree);
        free(bytes);
    }
    free(line);
    fclose(file);
    return 0;
}
