/* zlibspeed LEVEL FILE times one gzip compression of FILE by zlib.
 * It prints the nanoseconds on the wall, those of processor time, and the
 * bytes of output. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <zlib.h>

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    FILE *f = fopen(argv[2], "rb");
    if (!f) return 1;
    fseek(f, 0, SEEK_END);
    size_t n = ftell(f), room = n + n / 8 + 65536;
    rewind(f);
    unsigned char *in = malloc(n), *out = malloc(room);
    if (!in || !out || fread(in, 1, n, f) != n) return 1;
    for (size_t i = 0; i < room; i += 4096) out[i] = 1;
    struct timespec a, b, c, d;
    clock_gettime(CLOCK_MONOTONIC, &a);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &c);
    z_stream z = {0};
    if (deflateInit2(&z, atoi(argv[1]), Z_DEFLATED, 31, 8, 0) != Z_OK) return 1;
    z.next_in = in;
    z.avail_in = n;
    z.next_out = out;
    z.avail_out = room;
    if (deflate(&z, Z_FINISH) != Z_STREAM_END) return 1;
    size_t total = z.total_out;
    deflateEnd(&z);
    clock_gettime(CLOCK_MONOTONIC, &b);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &d);
    printf("%lld %lld %zu\n", (b.tv_sec - a.tv_sec) * 1000000000LL + b.tv_nsec - a.tv_nsec,
           (d.tv_sec - c.tv_sec) * 1000000000LL + d.tv_nsec - c.tv_nsec, total);
    return 0;
}
