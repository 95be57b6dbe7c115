/* The physical limit: walk a pcap's record headers, and count TCP payload bytes from IP and TCP headers, nothing else. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv) {
    struct stat state;
    int file = argc == 2 ? open(argv[1], O_RDONLY) : -1;
    if (file < 0 || fstat(file, &state)) return 2;
    const uint8_t *data = mmap(NULL, (size_t)state.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (data == MAP_FAILED) return 2;
    uint64_t packets = 0, payload = 0;
    for (size_t at = 24; at + 16 <= (size_t)state.st_size;) {
        uint32_t length;
        memcpy(&length, data + at + 8, 4);
        at += 16;
        if (at + length > (size_t)state.st_size) break;
        const uint8_t *frame = data + at;
        if (length >= 54 && frame[12] == 8 && frame[13] == 0 && frame[23] == 6) {
            uint32_t header = (frame[14] & 15u) * 4;
            uint32_t total = frame[16] << 8 | frame[17];
            uint32_t used = header + ((frame[14 + header + 12] >> 2) & 60u);
            if (total > used) payload += total - used;
        }
        at += length;
        packets++;
    }
    printf("%llu packets, %llu payload bytes\n", (unsigned long long)packets, (unsigned long long)payload);
    return 0;
}
