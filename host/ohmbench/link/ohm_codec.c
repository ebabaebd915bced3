/* COBS as in Cheshire & Baker, "Consistent Overhead Byte Stuffing", IEEE/ACM ToN 7(2), 1999; the CRC of IEEE 802.3, by
 * eight tables as in Kounavis & Berry, "A Systematic Approach to Building High Performance Software-based CRC
 * Generators", ISCC 2005. */

#include "ohm_codec.h"

#include <string.h>

enum { HEAD = 4, CRC = 4, BLOCK = 254, MAX_BODY = HEAD + OHM_MAX_PAYLOAD + CRC };
enum { MAX_ENCODED = MAX_BODY + MAX_BODY / BLOCK + 1 };

static uint32_t table[8][256];

void ohm_codec_start(void) {
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (0xEDB88320u & (0u - (crc & 1u)));
    table[0][byte] = crc;
  }
  for (int step = 1; step < 8; step++)
    for (int byte = 0; byte < 256; byte++)
      table[step][byte] = table[step - 1][byte] >> 8 ^ table[0][table[step - 1][byte] & 0xFF];
}

static uint32_t get32(const uint8_t *at) {
  return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint32_t crc32(const uint8_t *data, size_t size) {
  uint32_t crc = 0xFFFFFFFFu;
  for (; size >= 8; data += 8, size -= 8) {
    uint32_t low = crc ^ get32(data), high = get32(data + 4);
    crc = table[7][low & 0xFF] ^ table[6][low >> 8 & 0xFF] ^ table[5][low >> 16 & 0xFF] ^ table[4][low >> 24] ^
          table[3][high & 0xFF] ^ table[2][high >> 8 & 0xFF] ^ table[1][high >> 16 & 0xFF] ^ table[0][high >> 24];
  }
  while (size--) crc = crc >> 8 ^ table[0][(crc ^ *data++) & 0xFF];
  return ~crc;
}

size_t ohm_encode_frame(uint8_t type, uint8_t seq, uint16_t arg, const uint8_t *payload, size_t size, uint8_t *out) {
  uint8_t body[MAX_BODY] = {type, seq, (uint8_t)arg, (uint8_t)(arg >> 8)};
  memcpy(body + HEAD, payload, size);
  size += HEAD;
  uint32_t crc = crc32(body, size);
  for (int byte = 0; byte < CRC; byte++) body[size++] = (uint8_t)(crc >> 8 * byte);

  /* stored ahead of being known, so that no branch hangs on a byte */
  size_t code = 0, next = 1;
  for (size_t at = 0; at < size; at++) {
    out[next] = body[at];
    out[code] = (uint8_t)(next - code);
    code = body[at] ? code : next;
    next++;
    if (next - code <= BLOCK) continue;
    out[code] = 0xFF;
    code = next;
    if (at + 1 == size) break; /* a full block at the end: no other one behind it */
    next++;
  }
  if (code < next) out[code] = (uint8_t)(next - code);
  out[next++] = 0;
  return next;
}

/* Bytes that a piece without zeros unstuffs to; 0 if it ends inside a block. */
static size_t unstuff(const uint8_t *piece, size_t size, uint8_t *out) {
  uint8_t *next = out;
  for (size_t at = 0; at < size;) {
    size_t code = piece[at];
    if (at + code > size) return 0;
    for (size_t byte = 1; byte < code; byte++) next[byte - 1] = piece[at + byte];
    next += code - 1;
    at += code;
    if (code <= BLOCK && at < size) *next++ = 0;
  }
  return (size_t)(next - out);
}

int ohm_decode_frame(const uint8_t *piece, size_t size, ohm_frame_t *frame) {
  uint8_t *body = frame->body;
  if (size > MAX_ENCODED) return 0;
  size_t bytes = unstuff(piece, size, body);
  if (bytes < HEAD + CRC || bytes > MAX_BODY || crc32(body, bytes - CRC) != get32(body + bytes - CRC)) return 0;
  frame->type = body[0];
  frame->seq = body[1];
  frame->arg = (uint16_t)(body[2] | body[3] << 8);
  frame->payload = body + HEAD;
  frame->size = bytes - HEAD - CRC;
  return 1;
}
