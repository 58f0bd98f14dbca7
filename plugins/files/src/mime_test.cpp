#include "mime.hpp"
#include "mime_cache.hpp"

#include <catch2/catch.hpp>

using namespace pinion::files;
using namespace std::string_literals;

namespace {

// A local header of a zip with the name, and nothing packed.
std::string zipped(const std::string &name) {
  std::string out = "PK\3\4"s + std::string(22, '\0');
  out += static_cast<char>(name.size());
  return out + std::string(3, '\0') + name;
}

std::string at(std::size_t offset, const std::string &bytes, std::size_t size) {
  std::string out(size, '\0');
  return out.replace(offset, bytes.size(), bytes);
}

} // namespace

TEST_CASE("binary kinds are told from their first bytes") {
  const auto [head, mime] = GENERATE(table<std::string, std::string>({
      {"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"},
      {"PK\5\6"s + std::string(18, '\0'), "application/zip"},
      {zipped("a.txt"), "application/zip"},
      {zipped("META-INF/MANIFEST.MF"), "application/jar"},
      {zipped("word/document.xml"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
      {zipped("a") + zipped("xl/workbook.xml"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
      {zipped("mimetypeapplication/epub+zip"), "application/epub+zip"},
      {"\x1f\x8b\x08", "application/gzip"},
      {"BZh9", "application/x-bzip2"},
      {"\xfd"
       "7zXZ\0"s,
       "application/x-xz"},
      {"\x28\xb5\x2f\xfd", "application/zstd"},
      {"LZIP\1", "application/lzip"},
      {"Rar!\x1a\7\0"s, "application/x-rar-compressed"},
      {at(257, "ustar", 512), "application/x-tar"},
      {"\x7f"
       "ELF"s +
           at(12, "\2\0"s, 20),
       "application/x-executable"},
      {"\x7f"
       "ELF"s +
           at(12, "\0\3"s, 20),
       "application/x-sharedlib"},
      {"\x7f"
       "ELF",
       "application/x-elf"},
      {"MZ\x90", "application/vnd.microsoft.portable-executable"},
      {"SQLite format 3\0"s, "application/vnd.sqlite3"},
      {"\x89PNG\r\n\x1a\n", "image/png"},
      {"\xff\xd8\xff\xe0", "image/jpeg"},
      {"GIF89a", "image/gif"},
      {"RIFF\0\0\0\0WEBPx"s, "image/webp"},
      {"BM\0\0"s, "image/bmp"},
      {"\0\0\1\0"s, "image/x-icon"},
      {"ID3\3", "audio/mpeg"},
      {"OggS\0"s, "application/ogg"},
      {at(0, "OggS\0"s, 28) + "\1vorbis\0\0\0"s, "audio/ogg"},
      {"RIFF\0\0\0\0WAVEx"s, "audio/wav"},
      {"fLaC\0\0\0\x22"s, "audio/flac"},
      {"\0\0\0\x18"
       "ftypisom"s,
       "video/mp4"},
      {"\x1a\x45\xdf\xa3\x42\x82\x84webm", "video/webm"},
      {"RIFF\0\0\0\0AVI LISTx"s, "video/x-msvideo"},
      {"%PDF-1.7\n", "application/pdf"},
      {"\xca\xfe\xba\xbe\0\0\0\x41"s, "application/x-java-applet"},
      {"\0asm\1"s, "application/wasm"},
      {"\0\1\2\3\xfe"s, "application/octet-stream"},
      {"!<arch>\ndebian-binary", "application/vnd.debian.binary-package"},
  }));
  CHECK(mimeOf(head) == mime);
}

TEST_CASE("documents of the old Office are told by the class of their root entry, or by what they hold") {
  const std::string magic = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
  const auto rooted = [&](const std::string &id) { // the directory is the first sector
    std::string out = magic + std::string(1200, '\0');
    return out.replace(512 + 80, id.size(), id);
  };
  const std::string tail = "\0\0\0\0\0\xc0\0\0\0\0\0\0\x46"s;
  CHECK(mimeOf(rooted("\x06\x09\x02" + tail)) == "application/msword");
  CHECK(mimeOf(rooted("\x0b\x0d\x02" + tail)) == "application/vnd.ms-outlook");
  CHECK(mimeOf(rooted("\x01\x12\x02\0\0\0\0\0\0\xc0\0\0\0\0\0\x46"s)) == "application/vnd.ms-publisher");
  CHECK(mimeOf(magic + std::string(1200, '\0') + "P\0o\0w\0e\0r\0P\0o\0i\0n\0t\0 D\0o\0c\0u\0m\0e\0n\0t"s) ==
        "application/vnd.ms-powerpoint");
  CHECK(mimeOf(magic + std::string(1200, '\0')) == "application/x-ole-storage");
}

TEST_CASE("text kinds and their character sets are told from the text") {
  const auto [head, mime] = GENERATE(table<std::string, std::string>({
      {"", "text/plain"},
      {"hello", "text/plain; charset=utf-8"},
      {"h\xc3\xa9llo \xe7\x8c", "text/plain; charset=utf-8"}, // cut off within a character
      {"caf\xe9 au lait", "text/plain; charset=iso-8859-1"},
      {"dash \x96 dash", "text/plain"},
      {"\xff\xfe h\0"s, "text/plain; charset=utf-16le"},
      {"\xef\xbb\xbfhi", "text/plain; charset=utf-8"},
      {"{\"a\": [1, -2.5e3, true, null, \"\\u00e9\"]}", "application/json"},
      {"{\"a\": 1", "text/plain; charset=utf-8"},
      {"\"just a string\"", "text/plain; charset=utf-8"},
      {"{\"type\":\"Feature\"}", "application/geo+json"},
      {"{\"a\":1}\n{\"b\":2}\n", "application/x-ndjson"},
      {"<!DOCTYPE html><html></html>", "text/html; charset=utf-8"},
      {"<html><meta charset=\"ISO-8859-2\"></html>", "text/html; charset=iso-8859-2"},
      {"<html><meta charset='a\"; x'></html>", "text/html"},
      {"<html><meta http-equiv=Content-Type content='text/html; charset=x-y'></html>", "text/html; charset=x-y"},
      {"<svg xmlns=\"x\"/>", "image/svg+xml"},
      {"<?xml version=\"1.0\"?><a/>", "text/xml; charset=utf-8"},
      {"<?xml version=\"1.0\"?><rss/>", "application/rss+xml"},
      {"<?php echo 1;", "text/x-php"},
      {"#!/usr/bin/env python\nx", "text/x-python"},
      {"#!/usr/bin/env node\nx", "application/javascript"},
      {"#! /usr/bin/lua \nx", "text/x-lua"},
      {"#!/usr/bin/perl\nx", "text/x-perl"},
      {"#!/bin/sh\nx", "text/plain; charset=utf-8"},
      {"a,b\n1,2\n", "text/csv"},
      {"a,b\n1,2,3\n", "text/plain; charset=utf-8"},
      {"a,\"b\n,c\"\n1,2\n", "text/csv"},
      {"a,b\n", "text/plain; charset=utf-8"},
      {"a\tb\n1\t2\n", "text/tab-separated-values"},
      {"1\n00:02:16,612 --> 00:02:19,376\nHi\n", "application/x-subrip"},
      {"WEBVTT\n", "text/vtt"},
      {"BEGIN:VCARD\nx", "text/vcard"},
      {"old\x85line", "text/plain; charset=utf-8"}, // NEL alone is no letter of another set
      {"old\x85line \xe9", "text/plain; charset=windows-1252"},
      {"{\"a\":1}\ntrue", "application/x-ndjson"},              // a word at the very end
      {"<html><meta charset=utf-", "text/html; charset=utf-8"}, // a tag that does not end says nothing
      {"<?xml version=\"1.0\"?><TrainingCenterDatabase "
       "xmlns=\"http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2\"/>",
       "application/vnd.garmin.tcx+xml"},
  }));
  CHECK(mimeOf(head) == mime);
}

TEST_CASE("only the first bytes of a long file count, and JSON may be cut off there") {
  std::string json = "[";
  while (json.size() < kSniffed + 100) json += "12345, ";
  CHECK(mimeOf(json) == "application/json");
  CHECK(mimeOf(std::string(kSniffed, 'a') + '\0') == "text/plain; charset=utf-8");
  CHECK(mimeOf(std::string(kSniffed - 1, 'a') + '\0') == "application/octet-stream");
}

TEST_CASE("the kind of a file is remembered for that very content") {
  MimeCache cache;
  pinion_file_info info{};
  info.device = 1;
  info.inode = 2;
  info.bytes = 3;
  info.modified_s = info.changed_s = 1000;
  CHECK_FALSE(cache.find(info));
  cache.keep(info, "text/plain", 1001); // changed just now: it may change again unseen
  CHECK_FALSE(cache.find(info));
  cache.keep(info, "text/plain", 1002);
  CHECK(cache.find(info) == "text/plain");
  auto other = info;
  const int part = GENERATE(0, 1, 2, 3, 4, 5);
  (part == 0 ? other.device : part == 1 ? other.inode : other.device) += part < 2 ? 1 : 0;
  if (part == 2) other.bytes += 1;
  if (part == 3) other.modified_ns += 1;
  if (part == 4) other.changed_ns += 1;
  if (part == 5) other.changed_s += 1;
  CHECK_FALSE(cache.find(other));
}

TEST_CASE("what is remembered of files is bounded, and the newest stays") {
  MimeCache cache;
  pinion_file_info info{};
  for (info.inode = 1; info.inode <= 100'000; ++info.inode) cache.keep(info, "a/b", 1000);
  std::size_t known = 0;
  for (info.inode = 1; info.inode <= 100'000; ++info.inode) known += cache.find(info) ? 1 : 0;
  CHECK(known <= 65536);
  CHECK(known > 50'000);
  info.inode = 100'000;
  CHECK(cache.find(info));
}
