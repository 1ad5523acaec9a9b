// A file that has its name only when it is whole.
#pragma once

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

class part_file {
public:
  explicit part_file(std::string target)
    : target_(std::move(target)),
      part_(target_ + "." + std::to_string(::getpid()) + ".part"), // two runs at once do not meet
      number_(::open(part_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) {
    require(number_ >= 0, "cannot make ");
  }

  ~part_file() {
    if (number_ >= 0)
      ::close(number_);
    if (!kept_)
      ::unlink(part_.c_str());
  }

  part_file(const part_file&) = delete;
  part_file& operator=(const part_file&) = delete;

  int number() const noexcept { return number_; }

  /// Everything is on the disk and under its name, or it throws.
  void keep() {
    require(::fsync(number_) == 0, "cannot write out ");
    require(::close(std::exchange(number_, -1)) == 0, "cannot write out ");
    require(::rename(part_.c_str(), target_.c_str()) == 0, "cannot give its final name to ");
    kept_ = true;
  }

private:
  void require(bool success, const char* attempt) const {
    if (!success)
      throw std::system_error{errno, std::generic_category(), attempt + part_};
  }

  const std::string target_;
  const std::string part_;
  int number_;
  bool kept_ = false;
};
