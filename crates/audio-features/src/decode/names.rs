//! Names of formats and codecs that are known and not decoded, so that a message says more than "not recognised".

/// A format by the first bytes of a file.
pub(super) fn file_format(bytes: &[u8]) -> Option<&'static str> {
    // Where it stands, the bytes, what they are of.
    const KNOWN: [(usize, &[u8], &str); 51] = [
        (0, b"#!AMR", "AMR speech"),
        (0, b"\x1a\x45\xdf\xa3", "a Matroska or WebM file"),
        (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "an ASF or WMA file"),
        (0, b"wvpk", "WavPack audio"),
        (0, b"MAC ", "Monkey's Audio"),
        (0, b"ajkg", "Shorten audio"),
        (0, b"TTA1", "True Audio (TTA)"),
        (0, b"TTA2", "True Audio (TTA)"),
        (0, b"tBaK", "TAK audio"),
        (0, b"OFR ", "OptimFROG audio"),
        (0, b"MPCK", "Musepack audio"),
        (0, b"MP+", "Musepack audio"),
        (0, b"DSD ", "DSD audio (DSF)"),
        (0, b"FRM8", "DSD audio (DSDIFF)"),
        (0, b".RMF", "a RealMedia file"),
        (0, b".ra\xfd", "RealAudio"),
        (0, b"MThd", "MIDI notes, not a recording"),
        (0, b"FLV\x01", "a Flash video"),
        (0, b"FWS", "a Flash file (SWF)"),
        (0, b"CWS", "a Flash file (SWF)"),
        (0, b"\x0b\x77", "AC-3 or E-AC-3 audio"),
        (0, b"\x77\x0b", "AC-3 or E-AC-3 audio"),
        (0, b"\x7f\xfe\x80\x01", "DTS audio"),
        (0, b"\xfe\x7f\x01\x80", "DTS audio"),
        (0, b"\x1f\xff\xe8\x00", "DTS audio"),
        (0, b"\xff\x1f\x00\xe8", "DTS audio"),
        (0, b"DTSHDHDR", "DTS-HD audio"),
        (4, b"\xf8\x72\x6f\xba", "TrueHD audio"),
        (4, b"\xf8\x72\x6f\xbb", "MLP audio"),
        (0, b"\x00\x00\x01\xba", "an MPEG program stream"),
        (0, b"\x00\x00\x01\xb3", "an MPEG video"),
        (0, b"\x06\x0e\x2b\x34", "an MXF file"),
        (0, b"nut/multimedia container", "a NUT file"),
        (0, b"\xb7\xd8\x00\x20\x37\x49\xda\x11", "a WTV recording"),
        (0, b"Creative Voice File\x1a", "a Creative Voice file (VOC)"),
        (0, b"\x64\xa3\x01\x00", "an IRCAM file"),
        (0, b"\x64\xa3\x02\x00", "an IRCAM file"),
        (0, b"\x64\xa3\x03\x00", "an IRCAM file"),
        (0, b"\x64\xa3\x04\x00", "an IRCAM file"),
        (0, b"\xc0\xde\xc2", "Codec 2 speech"),
        (0, b"#!SILK", "SILK speech"),
        (0, b"caff", "a Core Audio file"),
        (0, b"qoaf", "QOA audio"),
        (0, b"ADIF", "AAC with an ADIF header"),
        (0, b"\x9c", "SBC audio"),
        (0, b"EA3\x03", "ATRAC audio (OMA)"),
        (0, b"ea3\x03", "ATRAC audio (OMA)"),
        (0, b"PSMD", "an Argonaut file"),
        (0, b"PK\x03\x04", "a ZIP archive"),
        (0, b"\x1f\x8b", "gzip-compressed data"),
        (0, b"\x28\xb5\x2f\xfd", "data compressed with Zstandard"),
    ];
    if let Some((_, _, name)) = KNOWN
        .iter()
        .find(|(at, magic, _)| bytes.get(*at..).is_some_and(|rest| rest.starts_with(magic)))
    {
        return Some(name);
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"AVI ") {
        return Some("an AVI video");
    }
    if let [0x56, 0xe0..=0xff, ..] = bytes {
        return Some("AAC in LATM");
    }
    // Packets of 188 bytes that begin with one and the same byte.
    let is_ts = bytes.len() > 3 * 188 && (0..4).all(|packet| bytes[188 * packet] == 0x47);
    let is_m2ts = bytes.len() > 3 * 192 + 4 && (0..4).all(|packet| bytes[192 * packet + 4] == 0x47);
    if is_ts || is_m2ts {
        return Some("an MPEG transport stream");
    }
    // CRI ADX: a header whose length stands in it, before a copyright mark.
    if let [0x80, 0x00, high, low, ..] = bytes {
        let offset = usize::from(*high) << 8 | usize::from(*low);
        if offset >= 6 && bytes.get(offset - 2..offset + 4) == Some(b"(c)CRI") {
            return Some("CRI ADX audio");
        }
    }
    None
}

/// A codec by the tag of WAV's `fmt ` chunk (Microsoft's mmreg.h).
pub(super) fn wave_format(tag: u16) -> String {
    let name = match tag {
        0x0005 => "IBM CVSD",
        0x0010 => "OKI ADPCM",
        0x0012 => "MediaSpace ADPCM",
        0x0014 => "G.723 ADPCM",
        0x0020 => "Yamaha ADPCM",
        0x0022 => "TrueSpeech",
        0x0031 | 0x0032 => "GSM 6.10",
        0x0038 => "Rockwell ADPCM",
        0x0040 => "G.721 ADPCM",
        0x0042 => "G.723.1 speech",
        0x0045 | 0x0064 | 0x0140 => "G.726 ADPCM",
        0x0057 | 0x7361 | 0x7a21 | 0x7a22 => "AMR speech",
        0x0061 => "Duck DK4 ADPCM",
        0x0062 => "Duck DK3 ADPCM",
        0x0065 | 0x028f => "G.722 ADPCM",
        0x0069 => "IMA ADPCM of Xbox",
        0x0083 | 0x0133 => "G.729 speech",
        0x0092 | 0x2000 => "AC-3",
        0x0130..=0x0132 => "ACELP.net speech",
        0x0160 => "Windows Media Audio 1",
        0x0161 => "Windows Media Audio 2",
        0x0162 => "Windows Media Audio Professional",
        0x0163 => "Windows Media Audio Lossless",
        0x000a => "Windows Media Audio Voice",
        0x0200 => "Creative ADPCM",
        0x0270 => "ATRAC3",
        0x0401 => "Intel Music Coder",
        0x0500 | 0x1500 => "QDesign Music",
        0x2001 => "DTS",
        0x674f..=0x6751 | 0x676f..=0x6771 => "Vorbis",
        0x704f => "Opus",
        0xa109 => "Speex",
        0xf1ac => "FLAC",
        0x1602 => "AAC in LATM",
        0x5346 => "Shockwave Flash ADPCM",
        tag => return format!("a codec with the tag 0x{tag:04x}"),
    };
    name.to_owned()
}

/// A codec by the four letters that QuickTime, MP4, CAF and AIFF-C call it by.
pub(super) fn four_letters(kind: &[u8; 4]) -> String {
    let name = match kind {
        b"ac-3" | b"sac3" => "AC-3",
        b"ec-3" => "E-AC-3",
        b"ac-4" => "AC-4",
        b"Opus" | b"opus" => "Opus",
        b"samr" | b"sawb" | b"sawp" => "AMR speech",
        b"fLaC" | b"flac" => "FLAC",
        b".mp1" => "MPEG audio layer I",
        b".mp2" => "MPEG audio layer II",
        b".mp3" => "MP3",
        b"ima4" => "IMA ADPCM of QuickTime",
        b"MAC3" | b"MAC6" => "MACE",
        b"agsm" | b"GSM " => "GSM 6.10",
        b"QDM2" | b"QDMC" => "QDesign Music",
        b"Qclp" | b"sqcp" => "QCELP speech",
        b"ilbc" => "iLBC speech",
        b"dtsc" | b"dtsh" | b"dtsl" | b"dtse" | b"dtsx" => "DTS",
        b"mlpa" => "TrueHD",
        b"wma " | b"wma2" => "Windows Media Audio",
        b"spex" => "Speex",
        b"nmos" => "Nellymoser",
        b"aach" => "HE-AAC",
        b"aacp" => "HE-AAC version 2",
        b"usac" => "xHE-AAC (USAC)",
        b"enca" => "encrypted audio",
        b"drms" => "protected audio (FairPlay)",
        kind => return format!("a codec called `{}`", kind.escape_ascii()),
    };
    name.to_owned()
}

/// A codec by the object type of an MP4 decoder configuration, other than AAC.
pub(super) fn object_type(object: u8) -> Option<&'static str> {
    Some(match object {
        0x69 | 0x6b => "MP3",
        0xa5 => "AC-3",
        0xa6 => "E-AC-3",
        0xa9..=0xac => "DTS",
        0xad => "Opus",
        0xc1 => "FLAC",
        0xdd => "Vorbis",
        0xe1 => "QCELP speech",
        _ => return None,
    })
}

/// A codec by the first packet of an Ogg stream.
pub(super) fn ogg_stream(first_packet: &[u8]) -> Option<&'static str> {
    const KNOWN: [(&[u8], &str); 9] = [
        (b"OpusHead", "Opus"),
        (b"Speex   ", "Speex"),
        (b"\x80theora", "Theora video"),
        (b"fishead", "a skeleton"),
        (b"CELT    ", "CELT"),
        (b"PCM     ", "PCM"),
        (b"\x7fFLAC", "FLAC"),
        (b"BBCD", "Dirac video"),
        (b"OVP80", "VP8 video"),
    ];
    KNOWN
        .iter()
        .find(|(magic, _)| first_packet.starts_with(magic))
        .map(|(_, name)| *name)
}
