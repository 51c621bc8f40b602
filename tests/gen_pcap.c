/* Classic pcap files: see gen_pcap.h. */
#include "tests/gen_pcap.h"

#include <string.h>

#define LINK_ETHERNET	1
#define SNAPLEN		65535

/* Savefiles are in the writer's byte order: ours is little-endian always. */
static void
put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static void
put16be(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

int
gen_pcap_begin(FILE *f)
{
	uint8_t h[24] = { 0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0 };

	put32(h + 16, SNAPLEN);
	put32(h + 20, LINK_ETHERNET);
	return fwrite(h, sizeof(h), 1, f) == 1 ? 0 : -1;
}

int
gen_pcap_frame(FILE *f, int64_t time_us, const uint8_t *frame, size_t stored,
    size_t len)
{
	uint8_t h[16];

	put32(h, (uint32_t)(time_us / 1000000));
	put32(h + 4, (uint32_t)(time_us % 1000000));
	put32(h + 8, (uint32_t)stored);
	put32(h + 12, (uint32_t)len);
	if (fwrite(h, sizeof(h), 1, f) != 1 ||
	    fwrite(frame, stored, 1, f) != 1)
		return -1;
	return 0;
}

uint16_t
gen_checksum(uint32_t sum, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)(data[i] << 8 | data[i + 1]);
	if (len % 2 == 1)
		sum += (uint32_t)data[len - 1] << 8;
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

int
gen_pcap_udp(FILE *f, int64_t time_us, const struct addr *src,
    const struct addr *dst, uint16_t src_port, uint16_t dst_port,
    const uint8_t *data, size_t len)
{
	uint8_t frame[GEN_FRAME_MAX] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2,
	    8, 0 };
	uint8_t *ip = frame + 14, *udp = ip + 20;

	if (len > sizeof(frame) - GEN_HEADERS)
		return -1;
	ip[0] = 0x45;
	put16be(ip + 2, 20 + 8 + len);
	ip[8] = 64;
	ip[9] = 17;
	memcpy(ip + 12, src->bytes, 4);
	memcpy(ip + 16, dst->bytes, 4);
	put16be(ip + 10, gen_checksum(0, ip, 20));
	put16be(udp, src_port);
	put16be(udp + 2, dst_port);
	put16be(udp + 4, 8 + len);	/* checksum 0: none */
	memcpy(udp + 8, data, len);
	return gen_pcap_frame(f, time_us, frame, GEN_HEADERS + len,
	    GEN_HEADERS + len);
}
