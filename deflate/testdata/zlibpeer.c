/* zlibpeer runs zlib for the differential tests of package deflate.
 *
 * It reads requests from standard input and answers each on standard output.
 * All numbers are little-endian. A request is
 *   u32 size of what follows
 *   i8 level, u8 strategy, u8 memLevel, i8 windowBits (as deflateInit2 takes it)
 *   u32 n, n bytes of preset dictionary
 *   u32 number of steps, and per step
 *     u8 0, u8 flush, u32 n, n bytes: deflate(bytes, flush)
 *     u8 1, u8 strategy, i8 level:    deflateParams(level, strategy)
 * An answer is
 *   u32 0, or the number of the step that failed plus one
 *   per step, u32 bytes of output so far
 *   u32 n, n bytes of output
 * Every call has room for all of its output. A request of size zero is
 * answered with the u8 length and the text of zlib's version.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static unsigned char *in, *at;

static unsigned u32(void) {
    unsigned v = at[0] | at[1] << 8 | at[2] << 16 | (unsigned)at[3] << 24;
    at += 4;
    return v;
}

static void put32(unsigned v) {
    unsigned char b[4] = {v, v >> 8, v >> 16, v >> 24};
    fwrite(b, 1, 4, stdout);
}

int main(void) {
    unsigned char head[4];
    while (fread(head, 1, 4, stdin) == 4) {
        at = head;
        unsigned size = u32();
        if (size == 0) {
            unsigned char n = strlen(zlibVersion());
            fwrite(&n, 1, 1, stdout);
            fwrite(zlibVersion(), 1, n, stdout);
            fflush(stdout);
            continue;
        }
        in = malloc(size);
        if (!in || fread(in, 1, size, stdin) != size) return 1;
        at = in;
        int level = (signed char)at[0], strategy = at[1], mem = at[2], bits = (signed char)at[3];
        at += 4;
        z_stream z;
        memset(&z, 0, sizeof z);
        unsigned failed = 0;
        if (deflateInit2(&z, level, Z_DEFLATED, bits, mem, strategy) != Z_OK) failed = 1;
        unsigned dict = u32();
        if (!failed && dict && deflateSetDictionary(&z, at, dict) != Z_OK) failed = 1;
        at += dict;
        unsigned steps = u32();
        size_t room = (size_t)size + size / 4 + (1 << 16) + steps * 64;
        unsigned char *out = malloc(room);
        unsigned *ends = malloc((steps + 1) * sizeof *ends);
        if (!out || !ends) return 1;
        z.next_out = out;
        z.avail_out = room;
        for (unsigned i = 0; i < steps; i++) {
            int r;
            if (*at++ == 0) {
                int flush = *at++;
                z.avail_in = u32();
                z.next_in = at;
                at += z.avail_in;
                r = failed ? Z_OK : deflate(&z, flush);
                if (r == Z_BUF_ERROR) r = Z_OK; /* nothing to do */
                if (r == Z_STREAM_END) r = Z_OK;
                if (z.avail_in) r = Z_BUF_ERROR;
            } else {
                int s = *at++, l = (signed char)*at++;
                z.avail_in = 0;
                r = failed ? Z_OK : deflateParams(&z, l, s);
            }
            if (r != Z_OK && !failed) failed = i + 1;
            if (z.avail_out == 0) return 1;
            ends[i] = z.total_out;
        }
        put32(failed);
        for (unsigned i = 0; i < steps; i++) put32(ends[i]);
        put32(z.total_out);
        fwrite(out, 1, z.total_out, stdout);
        fflush(stdout);
        deflateEnd(&z);
        free(in);
        free(out);
        free(ends);
    }
    return 0;
}
