PRAGMA application_id = 0x666c6f77; -- "flow"
PRAGMA user_version = 1;

-- One row per flow record.  NULL: the exporter did not send it.
-- Addresses are 4 or 16 bytes in network order.
CREATE TABLE flow (
  id            INTEGER PRIMARY KEY,
  first_ms      INTEGER, -- start of the flow, Unix time in ms
  duration_ms   INTEGER, -- end minus start in ms
  src_addr      BLOB,    -- source address, 4 or 16 bytes
  dst_addr      BLOB,    -- destination address, 4 or 16 bytes
  src_port      INTEGER, -- source port
  dst_port      INTEGER, -- destination port; ICMP: type * 256 + code
  proto         INTEGER, -- IP protocol number
  tcp_flags     INTEGER, -- TCP flags of all packets, or-ed: CEUAPRSF
  packets       INTEGER, -- packets as sent; multiply by path.sampling
  bytes         INTEGER, -- bytes as sent; multiply by path.sampling
  src_as        INTEGER, -- source AS number
  dst_as        INTEGER, -- destination AS number
  path          INTEGER  -- how it went through the router: path.id
) STRICT;

-- What is the same for many flows.  The same row may stand here twice.
CREATE TABLE path (
  id            INTEGER PRIMARY KEY,
  exporter      INTEGER, -- who sent it: exporter.id
  in_if         INTEGER, -- SNMP index of the input interface
  out_if        INTEGER, -- SNMP index of the output interface
  sampling      INTEGER, -- one packet in so many was looked at
  tos           INTEGER, -- type of service byte
  next_hop      BLOB,    -- address of the next router
  src_mask      INTEGER, -- prefix length of the route to the source
  dst_mask      INTEGER, -- prefix length of the route to the destination
  direction     INTEGER, -- 0 ingress, 1 egress
  src_vlan      INTEGER, -- VLAN id on the way in
  dst_vlan      INTEGER, -- VLAN id on the way out
  dst_tos       INTEGER, -- type of service byte on the way out
  bgp_next_hop  BLOB,    -- address of the BGP next hop
  prev_as       INTEGER, -- adjacent AS towards the source
  next_as       INTEGER, -- adjacent AS towards the destination
  fwd_status    INTEGER, -- forwarding status, RFC 7270 section 4.12
  in_vrf        INTEGER, -- VRF id on the way in
  out_vrf       INTEGER, -- VRF id on the way out
  obs_domain    INTEGER, -- observation domain sent in the record
  obs_point     INTEGER, -- observation point sent in the record
  engine_type   INTEGER, -- type of the flow switching engine
  engine_id     INTEGER  -- number of the flow switching engine
) STRICT;

-- Rarely sent fields; only flows that have one stand here.
CREATE TABLE extra (
  id            INTEGER PRIMARY KEY, -- flow.id
  out_packets   INTEGER, -- packets of the reverse direction
  out_bytes     INTEGER, -- bytes of the reverse direction
  flows         INTEGER, -- flows that the exporter had merged in this one
  in_src_mac    INTEGER, -- source MAC address on the way in
  out_dst_mac   INTEGER, -- destination MAC address on the way out
  in_dst_mac    INTEGER, -- destination MAC address on the way in
  out_src_mac   INTEGER, -- source MAC address on the way out
  nat_src_addr  BLOB,    -- source address after translation
  nat_dst_addr  BLOB,    -- destination address after translation
  nat_src_port  INTEGER, -- source port after translation
  nat_dst_port  INTEGER, -- destination port after translation
  nat_event     INTEGER, -- NAT event, RFC 8158
  fw_event      INTEGER, -- firewall event, element 233
  fw_xevent     INTEGER, -- extended firewall event, Cisco NSEL
  min_ttl       INTEGER, -- smallest TTL or hop limit
  max_ttl       INTEGER, -- largest TTL or hop limit
  ether_type    INTEGER, -- Ethernet type
  end_reason    INTEGER, -- why the flow ended, element 136
  app_id        INTEGER, -- application id: engine * 2^24 + selector
  mpls1         INTEGER, -- MPLS label stack entry 1 (top): label * 16 + exp * 2 + eos
  mpls2         INTEGER, -- MPLS label stack entry 2
  mpls3         INTEGER, -- MPLS label stack entry 3
  mpls4         INTEGER, -- MPLS label stack entry 4
  mpls5         INTEGER, -- MPLS label stack entry 5
  mpls6         INTEGER, -- MPLS label stack entry 6
  mpls7         INTEGER, -- MPLS label stack entry 7
  mpls8         INTEGER, -- MPLS label stack entry 8
  mpls9         INTEGER, -- MPLS label stack entry 9
  mpls10        INTEGER  -- MPLS label stack entry 10
) STRICT;

-- Who sent the flows of this shard, and what it counted.
CREATE TABLE exporter (
  id             INTEGER PRIMARY KEY,
  address        BLOB NOT NULL,
  version        INTEGER NOT NULL, -- 5, 9; 10 is IPFIX
  source_id      INTEGER NOT NULL, -- or observation domain, v5 engine
  name           TEXT,
  packets        INTEGER NOT NULL DEFAULT 0, -- export packets
  flows          INTEGER NOT NULL DEFAULT 0,
  lost           INTEGER NOT NULL DEFAULT 0, -- v9: packets, IPFIX and v5: flows
  sampling       INTEGER, -- rate last in force
  first_heard_ms INTEGER, -- Unix time in ms
  last_heard_ms  INTEGER,
  UNIQUE (address, version, source_id)
) STRICT;

-- About this file: slot_start_ms, slot_end_ms, first_ms (smallest start),
-- last_ms (largest end), flows, max_sampling, sealed, writer.
CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value ANY
) STRICT, WITHOUT ROWID;

-- Everything about a flow, readable, in plain SQL: times in UTC, addresses as text.
CREATE VIEW flows AS SELECT
  f.id,
  strftime('%Y-%m-%d %H:%M:%S', (f.first_ms)/1000, 'unixepoch')||printf('.%03d', (f.first_ms)%1000) AS first_seen,
  strftime('%Y-%m-%d %H:%M:%S', (f.first_ms + f.duration_ms)/1000, 'unixepoch')||printf('.%03d', (f.first_ms + f.duration_ms)%1000) AS last_seen,
  f.first_ms, f.duration_ms,
  (SELECT CASE length(h) WHEN 8 THEN
    (instr(d,substr(h,1,1))*16+instr(d,substr(h,2,1)))||'.'||(instr(d,substr(h,3,1))*16+instr(d,substr(h,4,1)))||'.'||(instr(d,substr(h,5,1))*16+instr(d,substr(h,6,1)))||'.'||(instr(d,substr(h,7,1))*16+instr(d,substr(h,8,1)))
    WHEN 32 THEN (SELECT CASE k WHEN 0 THEN substr(s,2,length(s)-2) ELSE
      CASE i WHEN 1 THEN ':' ELSE substr(s,2,i-1) END||CASE length(s)-i-2*k WHEN 0 THEN ':'
      ELSE substr(s,i+2*k,length(s)-i-2*k) END END
      FROM (SELECT s, k, instr(s,substr(':0:0:0:0:0:0:0:0:',1,2*k+1)) AS i
      FROM (SELECT s, CASE WHEN instr(s,':0:0:0:0:0:0:0:0:') THEN 8 WHEN instr(s,':0:0:0:0:0:0:0:') THEN 7 WHEN instr(s,':0:0:0:0:0:0:') THEN 6 WHEN instr(s,':0:0:0:0:0:') THEN 5 WHEN instr(s,':0:0:0:0:') THEN 4 WHEN instr(s,':0:0:0:') THEN 3 WHEN instr(s,':0:0:') THEN 2 ELSE 0 END AS k
      FROM (SELECT lower(':'||ltrim(substr(h,1,3),'0')||substr(h,4,1)||':'||ltrim(substr(h,5,3),'0')||substr(h,8,1)||':'||ltrim(substr(h,9,3),'0')||substr(h,12,1)||':'||ltrim(substr(h,13,3),'0')||substr(h,16,1)||':'||ltrim(substr(h,17,3),'0')||substr(h,20,1)||':'||ltrim(substr(h,21,3),'0')||substr(h,24,1)||':'||ltrim(substr(h,25,3),'0')||substr(h,28,1)||':'||ltrim(substr(h,29,3),'0')||substr(h,32,1)||':') AS s)))) END
    FROM (SELECT hex(f.src_addr) AS h, '123456789ABCDEF' AS d)) AS src_addr,
  f.src_port,
  (SELECT CASE length(h) WHEN 8 THEN
    (instr(d,substr(h,1,1))*16+instr(d,substr(h,2,1)))||'.'||(instr(d,substr(h,3,1))*16+instr(d,substr(h,4,1)))||'.'||(instr(d,substr(h,5,1))*16+instr(d,substr(h,6,1)))||'.'||(instr(d,substr(h,7,1))*16+instr(d,substr(h,8,1)))
    WHEN 32 THEN (SELECT CASE k WHEN 0 THEN substr(s,2,length(s)-2) ELSE
      CASE i WHEN 1 THEN ':' ELSE substr(s,2,i-1) END||CASE length(s)-i-2*k WHEN 0 THEN ':'
      ELSE substr(s,i+2*k,length(s)-i-2*k) END END
      FROM (SELECT s, k, instr(s,substr(':0:0:0:0:0:0:0:0:',1,2*k+1)) AS i
      FROM (SELECT s, CASE WHEN instr(s,':0:0:0:0:0:0:0:0:') THEN 8 WHEN instr(s,':0:0:0:0:0:0:0:') THEN 7 WHEN instr(s,':0:0:0:0:0:0:') THEN 6 WHEN instr(s,':0:0:0:0:0:') THEN 5 WHEN instr(s,':0:0:0:0:') THEN 4 WHEN instr(s,':0:0:0:') THEN 3 WHEN instr(s,':0:0:') THEN 2 ELSE 0 END AS k
      FROM (SELECT lower(':'||ltrim(substr(h,1,3),'0')||substr(h,4,1)||':'||ltrim(substr(h,5,3),'0')||substr(h,8,1)||':'||ltrim(substr(h,9,3),'0')||substr(h,12,1)||':'||ltrim(substr(h,13,3),'0')||substr(h,16,1)||':'||ltrim(substr(h,17,3),'0')||substr(h,20,1)||':'||ltrim(substr(h,21,3),'0')||substr(h,24,1)||':'||ltrim(substr(h,25,3),'0')||substr(h,28,1)||':'||ltrim(substr(h,29,3),'0')||substr(h,32,1)||':') AS s)))) END
    FROM (SELECT hex(f.dst_addr) AS h, '123456789ABCDEF' AS d)) AS dst_addr,
  f.dst_port,
  CASE f.proto
    WHEN 1 THEN 'ICMP' WHEN 2 THEN 'IGMP' WHEN 3 THEN 'GGP' WHEN 4 THEN 'IPIP' WHEN 5 THEN 'ST'
    WHEN 6 THEN 'TCP' WHEN 7 THEN 'CBT' WHEN 8 THEN 'EGP' WHEN 9 THEN 'IGP' WHEN 12 THEN 'PUP'
    WHEN 17 THEN 'UDP' WHEN 20 THEN 'HMP' WHEN 22 THEN 'XNS-IDP' WHEN 27 THEN 'RDP' WHEN 29 THEN 'ISO-TP4'
    WHEN 33 THEN 'DCCP' WHEN 37 THEN 'DDP' WHEN 41 THEN 'IPv6' WHEN 43 THEN 'IPv6-Route' WHEN 44 THEN 'IPv6-Frag'
    WHEN 45 THEN 'IDRP' WHEN 46 THEN 'RSVP' WHEN 47 THEN 'GRE' WHEN 50 THEN 'ESP' WHEN 51 THEN 'AH'
    WHEN 57 THEN 'SKIP' WHEN 58 THEN 'ICMP6' WHEN 59 THEN 'IPv6-NoNxt' WHEN 60 THEN 'IPv6-Opts' WHEN 80 THEN 'ISO-IP'
    WHEN 81 THEN 'VMTP' WHEN 88 THEN 'EIGRP' WHEN 89 THEN 'OSPF' WHEN 94 THEN 'IPIP-old' WHEN 97 THEN 'ETHERIP'
    WHEN 98 THEN 'ENCAP' WHEN 103 THEN 'PIM' WHEN 108 THEN 'IPCOMP' WHEN 112 THEN 'VRRP' WHEN 115 THEN 'L2TP'
    WHEN 124 THEN 'ISIS' WHEN 132 THEN 'SCTP' WHEN 133 THEN 'FC' WHEN 136 THEN 'UDPLite' WHEN 137 THEN 'MPLS-in-IP'
    WHEN 138 THEN 'manet' WHEN 139 THEN 'HIP' WHEN 140 THEN 'Shim6' WHEN 141 THEN 'WESP' WHEN 142 THEN 'ROHC'
    ELSE CAST(f.proto AS TEXT) END AS proto,
  substr('.C',1+(f.tcp_flags>>7&1),1)||substr('.E',1+(f.tcp_flags>>6&1),1)||substr('.U',1+(f.tcp_flags>>5&1),1)||substr('.A',1+(f.tcp_flags>>4&1),1)
    ||substr('.P',1+(f.tcp_flags>>3&1),1)||substr('.R',1+(f.tcp_flags>>2&1),1)||substr('.S',1+(f.tcp_flags>>1&1),1)||substr('.F',1+(f.tcp_flags>>0&1),1) AS tcp_flags,
  p.tos, f.packets, f.bytes, x.out_packets, x.out_bytes,
  p.in_if, p.out_if, f.src_as, f.dst_as,
  (SELECT CASE length(h) WHEN 8 THEN
    (instr(d,substr(h,1,1))*16+instr(d,substr(h,2,1)))||'.'||(instr(d,substr(h,3,1))*16+instr(d,substr(h,4,1)))||'.'||(instr(d,substr(h,5,1))*16+instr(d,substr(h,6,1)))||'.'||(instr(d,substr(h,7,1))*16+instr(d,substr(h,8,1)))
    WHEN 32 THEN (SELECT CASE k WHEN 0 THEN substr(s,2,length(s)-2) ELSE
      CASE i WHEN 1 THEN ':' ELSE substr(s,2,i-1) END||CASE length(s)-i-2*k WHEN 0 THEN ':'
      ELSE substr(s,i+2*k,length(s)-i-2*k) END END
      FROM (SELECT s, k, instr(s,substr(':0:0:0:0:0:0:0:0:',1,2*k+1)) AS i
      FROM (SELECT s, CASE WHEN instr(s,':0:0:0:0:0:0:0:0:') THEN 8 WHEN instr(s,':0:0:0:0:0:0:0:') THEN 7 WHEN instr(s,':0:0:0:0:0:0:') THEN 6 WHEN instr(s,':0:0:0:0:0:') THEN 5 WHEN instr(s,':0:0:0:0:') THEN 4 WHEN instr(s,':0:0:0:') THEN 3 WHEN instr(s,':0:0:') THEN 2 ELSE 0 END AS k
      FROM (SELECT lower(':'||ltrim(substr(h,1,3),'0')||substr(h,4,1)||':'||ltrim(substr(h,5,3),'0')||substr(h,8,1)||':'||ltrim(substr(h,9,3),'0')||substr(h,12,1)||':'||ltrim(substr(h,13,3),'0')||substr(h,16,1)||':'||ltrim(substr(h,17,3),'0')||substr(h,20,1)||':'||ltrim(substr(h,21,3),'0')||substr(h,24,1)||':'||ltrim(substr(h,25,3),'0')||substr(h,28,1)||':'||ltrim(substr(h,29,3),'0')||substr(h,32,1)||':') AS s)))) END
    FROM (SELECT hex(p.next_hop) AS h, '123456789ABCDEF' AS d)) AS next_hop,
  p.src_mask, p.dst_mask, p.direction, p.src_vlan, p.dst_vlan,
  (SELECT substr(h,1,2)||':'||substr(h,3,2)||':'||substr(h,5,2)||':'||substr(h,7,2)||':'||substr(h,9,2)||':'||substr(h,11,2)
    FROM (SELECT iif(m IS NULL, NULL, printf('%012x', m)) AS h FROM (SELECT coalesce(x.in_src_mac, x.out_src_mac) AS m))) AS src_mac,
  (SELECT substr(h,1,2)||':'||substr(h,3,2)||':'||substr(h,5,2)||':'||substr(h,7,2)||':'||substr(h,9,2)||':'||substr(h,11,2)
    FROM (SELECT iif(m IS NULL, NULL, printf('%012x', m)) AS h FROM (SELECT coalesce(x.in_dst_mac, x.out_dst_mac) AS m))) AS dst_mac,
  p.sampling,
  (SELECT CASE length(h) WHEN 8 THEN
    (instr(d,substr(h,1,1))*16+instr(d,substr(h,2,1)))||'.'||(instr(d,substr(h,3,1))*16+instr(d,substr(h,4,1)))||'.'||(instr(d,substr(h,5,1))*16+instr(d,substr(h,6,1)))||'.'||(instr(d,substr(h,7,1))*16+instr(d,substr(h,8,1)))
    WHEN 32 THEN (SELECT CASE k WHEN 0 THEN substr(s,2,length(s)-2) ELSE
      CASE i WHEN 1 THEN ':' ELSE substr(s,2,i-1) END||CASE length(s)-i-2*k WHEN 0 THEN ':'
      ELSE substr(s,i+2*k,length(s)-i-2*k) END END
      FROM (SELECT s, k, instr(s,substr(':0:0:0:0:0:0:0:0:',1,2*k+1)) AS i
      FROM (SELECT s, CASE WHEN instr(s,':0:0:0:0:0:0:0:0:') THEN 8 WHEN instr(s,':0:0:0:0:0:0:0:') THEN 7 WHEN instr(s,':0:0:0:0:0:0:') THEN 6 WHEN instr(s,':0:0:0:0:0:') THEN 5 WHEN instr(s,':0:0:0:0:') THEN 4 WHEN instr(s,':0:0:0:') THEN 3 WHEN instr(s,':0:0:') THEN 2 ELSE 0 END AS k
      FROM (SELECT lower(':'||ltrim(substr(h,1,3),'0')||substr(h,4,1)||':'||ltrim(substr(h,5,3),'0')||substr(h,8,1)||':'||ltrim(substr(h,9,3),'0')||substr(h,12,1)||':'||ltrim(substr(h,13,3),'0')||substr(h,16,1)||':'||ltrim(substr(h,17,3),'0')||substr(h,20,1)||':'||ltrim(substr(h,21,3),'0')||substr(h,24,1)||':'||ltrim(substr(h,25,3),'0')||substr(h,28,1)||':'||ltrim(substr(h,29,3),'0')||substr(h,32,1)||':') AS s)))) END
    FROM (SELECT hex(e.address) AS h, '123456789ABCDEF' AS d)) AS exporter
FROM flow AS f LEFT JOIN path AS p ON p.id = f.path
  LEFT JOIN exporter AS e ON e.id = p.exporter
  LEFT JOIN extra AS x ON x.id = f.id;
